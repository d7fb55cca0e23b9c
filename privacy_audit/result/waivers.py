"""Findings that somebody signed for, for a time: read strictly, applied exactly, and themselves audited.

A waiver is for one check and one object as it is now. It changes the verdict and nothing else: what is waived
stays in every report. Waivers that expired, that nothing needs, that reach too far or whose object has
changed are findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from nosender.privacy_audit.check import Check, Loaded
from nosender.privacy_audit.finding import Claim, Confidence, Finding, Outcome, Severity
from nosender.privacy_audit.result.audit import CheckResult, WaiverResult, WaiverState
from nosender.toml_reader import File, Section

if TYPE_CHECKING:
    from nosender.toml_reader import Place

LONGEST = timedelta(days=180)
SHORTEST_REASON = 20
"""Characters: enough for a reason, too many for a shrug."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry of a waiver file."""

    check: str
    object: str | None
    """The object of the finding, exactly; None accepts that the check cannot be tested here."""
    definition: str | None
    """The hash of the object's definition when the waiver was signed."""
    reason: str
    owner: str
    approved_by: str
    created: date
    expires: date
    """The last day on which it counts, in UTC."""
    place: Place

    def result(self, number: int, state: WaiverState) -> WaiverResult:
        """As a report shows it."""
        return WaiverResult(
            id=f"W{number}",
            check=self.check,
            object=self.object,
            definition=self.definition,
            reason=self.reason,
            owner=self.owner,
            approved_by=self.approved_by,
            created=self.created.isoformat(),
            expires=self.expires.isoformat(),
            state=state,
            place=str(self.place),
        )


@dataclass(frozen=True, slots=True)
class Applied:
    """What waivers made of the answers of an audit."""

    results: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    waivers: tuple[WaiverResult, ...]


def _check(slug: str, title: str, severity: Severity, remedy: str) -> Check:
    return Check(
        slug=slug,
        title=title,
        claim=Claim.SCHEMA_AS_DECLARED,
        severity=severity,
        confidence=Confidence.CERTAIN,
        remedy=remedy,
        since="0.1",
        waivable=False,
    )


CHECKS: Mapping[WaiverState, Check] = {
    "expired": _check(
        "expired-waiver",
        "No waiver has passed its last day.",
        Severity.MEDIUM,
        "Repair what was waived, or have the waiver signed anew.",
    ),
    "unused": _check(
        "unused-waiver",
        "Every waiver is needed.",
        Severity.LOW,
        "Take the waiver out: nothing is found that it accepts.",
    ),
    "void": _check(
        "void-waiver",
        "Every waived object is what it was when the waiver was signed.",
        Severity.MEDIUM,
        "Look at what changed, and have the waiver signed anew with the new definition.",
    ),
    "broad": _check(
        "broad-waiver",
        "Every waiver names one object.",
        Severity.MEDIUM,
        "Write one waiver for each object; a pattern would accept what nobody has looked at.",
    ),
}
"""The checks of the waivers themselves. They ask nothing of the database, so they have no folder."""

_WORDS = {
    "expired": "It counted until {expires}.",
    "unused": "Nothing is found on this object by this check.",
    "void": "The object is not what it was, or the waiver does not say what it was.",
    "broad": "It names a pattern and not an object.",
}


def read(path: Path, checks: Iterable[Loaded], today: date) -> tuple[Waiver, ...]:
    """The waivers of a file; UsageError names the line of the first that is not exactly right."""
    file = File(path, path.parent)
    known = {loaded.check.slug: loaded.check for loaded in checks}
    whole = file.section()
    whole.skip("waivers")
    whole.done()
    return tuple(_waiver(entry, known, today) for entry in file.items("waivers"))


def _waiver(entry: Section, known: Mapping[str, Check], today: date) -> Waiver:
    slug = entry.text("check")
    if slug not in known:
        raise entry.refuse("check", f"there is no check {slug!r}; `nosender audit list` names them all.")
    if not known[slug].waivable:
        raise entry.refuse("check", f"{slug} cannot be waived: no reason makes it acceptable.")
    untested = entry.flag("not_tested", default=False)
    waiver = Waiver(
        check=slug,
        object=None if untested else entry.text("object"),
        definition=entry.optional_text("definition"),
        reason=entry.text("reason"),
        owner=entry.text("owner"),
        approved_by=entry.text("approved_by"),
        created=entry.day("created"),
        expires=entry.day("expires"),
        place=entry.place,
    )
    entry.done()
    if len(waiver.reason.strip()) < SHORTEST_REASON:
        raise entry.refuse("reason", f"the reason must say why, in {SHORTEST_REASON} characters or more.")
    if waiver.created > today:
        raise entry.refuse("created", f"created lies ahead: {waiver.created}.")
    if not timedelta(0) <= waiver.expires - waiver.created <= LONGEST:
        raise entry.refuse("expires", f"expires must come at most {LONGEST.days} days after created.")
    return waiver


def apply(
    waivers: tuple[Waiver, ...],
    results: Iterable[CheckResult],
    findings: Iterable[Finding],
    definitions: Mapping[str, str],
    today: date,
    *,
    complete: bool,
) -> Applied:
    """Mark what is waived, and add what is to be said about the waivers.

    `complete` is whether every check ran: a waiver is unused only then.
    """
    results, findings = list(results), list(findings)
    states: list[WaiverState] = []
    used: set[tuple[str, str]] = set()
    accepted: set[str] = set()
    for waiver in waivers:
        state = _state(waiver, results, findings, definitions, today)
        if state == "unused" and not complete:
            state = "applied"
        states.append(state)
        if state == "applied":
            used.add((waiver.check, waiver.object or ""))
            if waiver.object is None:
                accepted.add(waiver.check)
    findings = [
        replace(each, waived=True) if (each.check, each.object) in used else each for each in findings
    ]
    results = [_result(each, findings, accepted) for each in results]
    for state, check in CHECKS.items():
        mine = [waiver for waiver, own in zip(waivers, states, strict=True) if own == state]
        results.append(CheckResult(check, Outcome.FAIL if mine else Outcome.PASS, None, len(waivers)))
        findings += [_finding(check, waiver, _WORDS[state]) for waiver in mine]
    return Applied(
        tuple(results),
        tuple(findings),
        tuple(
            waiver.result(number, state)
            for number, (waiver, state) in enumerate(zip(waivers, states, strict=True), start=1)
        ),
    )


def _state(
    waiver: Waiver,
    results: list[CheckResult],
    findings: list[Finding],
    definitions: Mapping[str, str],
    today: date,
) -> WaiverState:
    if today > waiver.expires:
        return "expired"
    if waiver.object is None:
        untested = any(
            each.check.slug == waiver.check and each.outcome is Outcome.NOT_TESTED for each in results
        )
        return "applied" if untested else "unused"
    if any(each.check == waiver.check and each.object == waiver.object for each in findings):
        return "applied" if waiver.definition == definitions.get(waiver.object) else "void"
    if any(mark in waiver.object for mark in "*%?"):
        return "broad"
    return "unused"


def _result(result: CheckResult, findings: list[Finding], accepted: set[str]) -> CheckResult:
    mine = [each for each in findings if each.check == result.check.slug]
    if mine and all(each.waived for each in mine):
        return replace(result, outcome=Outcome.WAIVED)
    if result.outcome is Outcome.NOT_TESTED and result.check.slug in accepted:
        return replace(result, accepted=True)
    return result


def _finding(check: Check, waiver: Waiver, words: str) -> Finding:
    return Finding(
        check=check.slug,
        object=f"{waiver.place}: {waiver.check} {waiver.object or '(not tested)'}",
        kind="waiver",
        detail=words.format(expires=waiver.expires),
        severity=check.severity,
        confidence=check.confidence,
        remedy=check.remedy,
        facts={"owner": waiver.owner, "approved_by": waiver.approved_by},
    )
