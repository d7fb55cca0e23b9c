"""Holds what a team declares of its platform against the server, and moves what the platform explains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from nosender.errors import IncompleteError
from nosender.privacy_audit.finding import Claim, Confidence, Finding, Outcome, Severity
from nosender.privacy_audit.platforms.moves import COPIES, READS, Place
from nosender.privacy_audit.platforms.profile import profiles
from nosender.privacy_audit.result.audit import CheckResult, Moved, Party, Trust
from nosender.privacy_audit.snapshot.object_names import dotted, without_numbers

if TYPE_CHECKING:
    from datetime import date

    from nosender.privacy_audit.platforms.profile import Profile
    from nosender.privacy_audit.snapshot.snapshot import Snapshot
    from nosender.project.platform import Platform

ROLES = "all-seeing-role"


@dataclass(frozen=True, slots=True)
class Applied:
    """What a declared platform made of the answers of an audit."""

    results: list[CheckResult]
    findings: list[Finding]
    trust: Trust | None


def detected(snapshot: Snapshot) -> str | None:
    """The platform that the bootstrap superuser and a role of its own tell; None where none is known."""
    names = {each.name for each in snapshot.live.roles}
    for name, profile in profiles().items():
        if profile.bootstrap == snapshot.surroundings.bootstrap and profile.known_by in names:
            return name
    return None


LONGEST = timedelta(days=180)
"""So far ahead may a declaration end; as long as a waiver."""


def apply(
    snapshot: Snapshot,
    declared: Platform | None,
    results: list[CheckResult],
    findings: list[Finding],
    today: date,
    known: Mapping[str, Profile] | None = None,
) -> Applied:
    """Move what the platform explains; IncompleteError where the server is not the declared one's."""
    known = known or profiles()
    if declared is None:
        name = detected(snapshot)
        looks = None if name is None else Trust(name, known[name].title, declared=False)
        return Applied(results, findings, looks)
    profile = known[declared.name]
    _require(snapshot, declared, profile)
    if declared.expires is not None and declared.expires > today + LONGEST:
        raise IncompleteError(
            f"{declared.place}: expires lies more than {LONGEST.days} days ahead; name an earlier day: then "
            "somebody looks again."
        )
    place = Place(snapshot, profile, declared)
    stay, moved = _parted(place, findings)
    stay = [
        replace(each, detail=f"{each.detail} {said}") if (said := place.stays(each)) else each
        for each in stay
    ]
    if any(each.check.slug == ROLES for each in results):
        stay = _with_strangers(place, stay, results)
    return Applied(
        [_result(each, stay, moved) for each in results],
        stay,
        Trust(
            platform=profile.name,
            title=profile.title,
            declared=True,
            place=str(declared.place),
            profile=profile.sha256,
            declaration=declared.sha256,
            said=declared.as_data(),
            undeclared=declared.undeclared,
            expired=declared.expires is not None and today > declared.expires,
            lifetime=_lifetime(snapshot, declared),
            parties=_parties(place, results, moved),
            moved=tuple(moved),
        ),
    )


def _require(snapshot: Snapshot, declared: Platform, profile: Profile) -> None:
    bootstrap = snapshot.surroundings.bootstrap
    names = {each.name for each in snapshot.live.roles}
    if bootstrap != profile.bootstrap:
        raise IncompleteError(
            f"{declared.place}: {declared.name} is declared, and the bootstrap superuser is {bootstrap!r}, "
            f"not {profile.bootstrap!r}: name the platform that this server stands on."
        )
    if profile.known_by not in names:
        raise IncompleteError(
            f"{declared.place}: {declared.name} is declared, and the server has no role {profile.known_by!r}."
        )


def _parted(place: Place, findings: list[Finding]) -> tuple[list[Finding], list[Moved]]:
    """What stays a finding, and what moves to whom."""
    stay: list[Finding] = []
    moved: list[Moved] = []
    for each in findings:
        found = place.move(each)
        if found is None:
            stay.append(each)
            continue
        own, (_, by) = found
        party = "administrators" if own else place.profile.provider
        moved.append(Moved(each.check, each.object, each.detail, party, by))
    return stay, moved


def _with_strangers(place: Place, stay: list[Finding], results: list[CheckResult]) -> list[Finding]:
    """Every login of the platform's group is a finding, and so is every superuser that nobody named."""
    check = next(each.check for each in results if each.check.slug == ROLES)
    strangers = {without_numbers(dotted(name)): (name, why) for name, why in place.strangers().items()}
    logins = {each.name for each in place.snapshot.live.roles if each.login}
    found: list[Finding] = []
    for each in stay:
        name, why = strangers.pop(each.object, ("", "")) if each.check == ROLES else ("", "")
        if name:
            worse = _severity(place, name, login=name in logins)
            worse = worse if worse.at_least(each.severity) else each.severity
            each = replace(
                each, detail=f"{each.detail} It is {why}; declare it, or take it out.", severity=worse
            )
        found.append(each)
    for shown, (name, why) in strangers.items():
        found.append(
            Finding(
                check=ROLES,
                object=shown,
                kind="role",
                detail=f"It is {why}; declare it among the administrators, or take it out.",
                severity=_severity(place, name, login=name in logins),
                confidence=Confidence.CERTAIN,
                remedy=check.remedy,
                facts={},
            )
        )
    return found


def _severity(place: Place, name: str, *, login: bool) -> Severity:
    if place.is_ours(name):
        return Severity.CRITICAL
    return Severity.HIGH if login else Severity.MEDIUM


def _result(result: CheckResult, stay: list[Finding], moved: list[Moved]) -> CheckResult:
    """The outcome of a check, with what it found moved away or added."""
    slug = result.check.slug
    if any(each.check == slug for each in stay):
        return replace(result, outcome=Outcome.FAIL)
    if result.outcome is Outcome.FAIL and any(each.check == slug for each in moved):
        return replace(result, outcome=Outcome.PASS if result.reason is None else Outcome.NOT_TESTED)
    return result


def _parties(place: Place, results: list[CheckResult], moved: list[Moved]) -> tuple[Party, ...]:
    """The platform, whatever was moved: its superuser reads everything. Then administrators, then copies."""
    claims = {each.check.slug: each.check.claim.value for each in results}
    provider, live = place.profile.provider, {each.name for each in place.snapshot.live.roles}
    own = tuple(
        each for each in place.declared.administrators or () if each in live and place.is_administrator(each)
    )
    copied = {each.check for each in moved if each.party == provider and _is_copy(each)}
    rest = {claims[each.check] for each in moved if each.party == provider and not _is_copy(each)}
    parties = [
        Party(
            provider,
            tuple(each.name for each in place.profile.roles if each.name in live),
            READS,
            _ordered(rest | {Claim.LEAST_PRIVILEGE.value}),
        )
    ]
    if own:
        parties.append(Party("the administrators", own, READS, (Claim.LEAST_PRIVILEGE.value,)))
    if copied:
        days = place.declared.backup_days
        can = COPIES if days is None else f"{COPIES} for {days} days"
        parties.append(Party(provider, (), can, _ordered({claims[each] for each in copied})))
    return tuple(parties)


def _is_copy(moved: Moved) -> bool:
    return moved.check in ("copied-log", "pinned-rows")


def _ordered(claims: set[str]) -> tuple[str, ...]:
    return tuple(each.value for each in Claim if each.value in claims)


def _lifetime(snapshot: Snapshot, declared: Platform) -> str:
    """The sum: what the sweep leaves, and the backups after it."""
    hours = snapshot.catalogue.grace.total_seconds() / 3600
    if declared.backup_days is None:
        return ""
    return f"{hours:g} h + {declared.backup_days} days (declared)"
