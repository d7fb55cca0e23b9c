"""What every report says the same way: outcomes and verdicts in words, and names made harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.finding import Claim, Outcome, Severity, Verdict
from nosender.schema.knobs import Knobs
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nosender.privacy_audit.finding import Fact, Finding
    from nosender.privacy_audit.result.audit import Audit, CheckResult, ClaimResult

VERDICTS = {
    Verdict.PASS: "Holds",
    Verdict.FAIL: "Broken",
    Verdict.INCOMPLETE: "Not proven",
}
"""The answer to a claim, for a reader who did not write it."""

TITLES = {
    Claim.NO_SENDER: "No sender is stored",
    Claim.NO_RELATIONSHIP: "No relationship is stored",
    Claim.CIPHERTEXT_ONLY: "Only ciphertext is stored",
    Claim.RETENTION_RUNS: "What has expired is deleted",
    Claim.NO_SIDE_CHANNEL: "Nothing else gives it away",
    Claim.LEAST_PRIVILEGE: "Nobody can do more than their task",
    Claim.SCHEMA_AS_DECLARED: "The database is as declared",
}
"""Each claim in a few words."""

SENTENCES = {
    Verdict.PASS: "Every check that decides passed.",
    Verdict.FAIL: "At least one finding breaks the promise.",
    Verdict.INCOMPLETE: "Nothing was found broken, but not everything could be seen, so nothing is proven.",
}
"""What the verdict of the whole means."""

OUTCOMES = {
    Outcome.PASS: "passed",
    Outcome.FAIL: "failed",
    Outcome.WAIVED: "waived",
    Outcome.NOT_TESTED: "not tested",
    Outcome.ERROR: "error",
}

_BELOW = "below the level"

SEVERITIES = tuple(Severity)


def answer(claim: ClaimResult) -> str:
    """The answer to a claim in words; a waived finding is part of it."""
    but = f", but for {claim.waived} waived" if claim.waived and claim.verdict is Verdict.PASS else ""
    trusted = (
        f", except {'; '.join(claim.trusted)}" if claim.trusted and claim.verdict is Verdict.PASS else ""
    )
    return one_line(VERDICTS[claim.verdict] + but + trusted)


def colour(verdict: Verdict, waived: int) -> str:
    """How a verdict looks: one that rests on a waiver is no plain pass."""
    return "waived" if waived and verdict is Verdict.PASS else verdict.value


def because(audit: Audit) -> tuple[str, ...]:
    """Why the audit does not speak for the whole, in a few words each: on the first line of every report."""
    decided = audit.decided
    if decided.not_ours:
        return (
            f"this is not a nosender database, schema {audit.target.schema} holds none of our tables; "
            "nosender audit explore looks at any database",
        )
    told = []
    if left := len(decided.checks_left_out):
        told.append(f"{left} of {left + len(audit.checks)} checks were left out")
    for each in decided.schemas_unaccounted:
        why = (
            "holds a second set of our tables, and a database holds one"
            if each.ours_too
            else (
                f"({plural(each.tables, 'table')}) is neither ours, nor an extension's, nor excused by name"
            )
        )
        told.append(f"schema {each.name} {why}")
    if unseen := len(decided.nodes_unseen):
        told.append(f"{plural(unseen, 'node')} {'was' if unseen == 1 else 'were'} not looked at")
    if (trust := audit.trust) is not None and trust.undeclared:
        told.append(f"{', '.join(trust.undeclared)} of {trust.title} not declared")
    if trust is not None and trust.expired:
        told.append(f"what was declared of {trust.title} counted until {trust.said.get('expires')}")
    return tuple(told)


def _where(audit: Audit) -> list[str]:
    """That it was a part of a distributed database, or a copy of one, that was looked at."""
    cluster = audit.target.cluster
    told = []
    if spread := cluster.get("distributed"):
        seen = [each for each in audit.target.nodes if each.why is None]
        told.append(
            f"Looked at {', '.join([spread['place'], *(each.node for each in seen)])} of a database that Citus "
            f"distributes over {plural(spread['nodes'], 'node')}"
            + (f"; not at {', '.join(audit.decided.nodes_unseen)}." if audit.decided.nodes_unseen else ".")
        )
        if seen:
            told.append(f"Each node was asked over {seen[0].transport}.")
        told += [
            f"Not looked at: {each.node}, {each.address}: {each.why}."
            for each in audit.target.nodes
            if each.why
        ]
    elif cluster.get("role") == "standby":
        told.append("Looked at a standby: its primary was not asked, and may have taken changes since.")
    return told


def _trusted(audit: Audit) -> list[str]:
    """Whom the verdict trusts, and what was moved to them."""
    trust = audit.trust
    if trust is None:
        return []
    if not trust.declared:
        return [
            f'It looks like {trust.title}: declare it as [platform] with name = "{trust.platform}" in nosender.toml.'
        ]
    word = "Holds, except" if audit.verdict is Verdict.PASS else "Trusted:"
    told = [f"{word} {each.phrase}." for each in trust.parties]
    declared = f"Declared at {trust.place}: {trust.title}, until {trust.said.get('expires', 'no day')}"
    lifetime = f"; lifetime {trust.lifetime}" if trust.lifetime else ""
    moved = plural(len(trust.moved), "finding")
    return [*told, f"{declared}{lifetime}. {moved} moved to those who are trusted."]


_DEFAULTS = frozenset(Knobs().items())


def beside(audit: Audit) -> tuple[str, ...]:
    """What stands beside the verdict, whatever it is: one sentence each."""
    told = [f"Not the whole: {each}." for each in because(audit)]
    told += _where(audit)
    told += _trusted(audit)
    told += [
        f"Excused, not looked into: schema {each.name} ({each.purpose}); owner {each.owner}, until {each.expires}."
        for each in audit.decided.schemas_excused
    ]
    if turned := [f"{name} {value}" for name, value in audit.decided.knobs if (name, value) not in _DEFAULTS]:
        told.append(f"Decided by the operator: {', '.join(turned)}.")
    if (project := audit.target.project) is not None:
        tables = ", ".join(map(str, project["tables"])) or "no table"
        told.append(f"Declared beside ours by {project['name']}: {tables}.")
    if audit.decided.nothing_stored:
        told.append("Nothing is stored yet: the verdict is what the structure gives.")
    told += [
        f"Waived: {each.check}, {each.object or 'not tested'}; owner {each.owner}, until {each.expires}."
        for each in audit.waivers
        if each.state == "applied"
    ]
    return tuple(map(one_line, told))


def headline(audit: Audit) -> str:
    """The verdict and what limits it, on one line."""
    but = f", but for {audit.waived} waived" if audit.waived and audit.verdict is Verdict.PASS else ""
    if (trust := audit.trust) is not None and trust.parties and audit.verdict is Verdict.PASS:
        but += f", except {trust.parties[0].name}"
    return one_line(": ".join([audit.verdict.value + but, *filter(None, ["; ".join(because(audit))])]))


def one_line(text: str) -> str:
    """Untrusted text on one line, with nothing in it that moves a cursor."""
    return visible(text)


def facts(values: Mapping[str, Fact]) -> str:
    """The facts of a finding as `rows 3, tables a and b`; empty for none.

    The hash of the object's definition is for waivers, which copy it from the JSON report.
    """
    return ", ".join(
        f"{key.replace('_', ' ')} {_fact(value)}"
        for key, value in sorted(values.items())
        if key != "definition"
    )


def by_check(audit: Audit) -> dict[str, list[Finding]]:
    """The findings of each check, in the order of the report; checks without findings are not in it."""
    groups: dict[str, list[Finding]] = {}
    for finding in audit.findings:
        groups.setdefault(finding.check, []).append(finding)
    return groups


def most_urgent_first(audit: Audit, groups: Mapping[str, list[Finding]]) -> list[CheckResult]:
    """The checks in the order of reading: what decides, the worst of it before the rest, then all others."""

    def urgency(result: CheckResult) -> tuple[bool, int]:
        found = groups.get(result.check.slug, [])
        decides = any(finding.gates(audit.fail_on) for finding in found)
        return not decides, min((finding.severity.rank for finding in found), default=len(SEVERITIES))

    return sorted(audit.checks, key=urgency)


def outcomes(results: Iterable[CheckResult]) -> dict[Outcome, int]:
    """How many checks had each outcome; every outcome is there."""
    counts = dict.fromkeys(Outcome, 0)
    for result in results:
        counts[result.outcome] += 1
    return counts


def tally(audit: Audit, claim: ClaimResult) -> str:
    """How the checks of a claim ended. What was found and does not decide is told from what failed."""
    decided = {finding.check for finding in audit.findings if finding.gates(audit.fail_on)}
    counts = dict.fromkeys([*OUTCOMES.values(), _BELOW], 0)
    for result in audit.checks:
        if result.check.slug in claim.checks:
            below = result.outcome is Outcome.FAIL and result.check.slug not in decided
            counts[_BELOW if below else OUTCOMES[result.outcome]] += 1
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def reach(result: CheckResult) -> str:
    """What a check that reads rows read of them, by its smallest sample; empty for one that reads none."""
    if not result.samples:
        return ""
    small = [sample for sample in result.samples if not sample.whole]
    rows = sum(sample.examined for sample in result.samples)
    columns = plural(len(result.samples), "column")
    if not small:
        return f"all rows of {columns}, {plural(rows, 'value')}"
    least = max(small, key=lambda sample: 1.0 if sample.finds is None else sample.finds)
    others = f"; the weakest of {columns}" if len(result.samples) > 1 else ""
    return least.words + others


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 finding`, `2,000 findings`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _fact(value: Fact) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "unknown"
    if isinstance(value, list):
        return " and ".join(value) if value else "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
