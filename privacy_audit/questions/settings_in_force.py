"""Settings as they are in force: the server's own, and what is stored for roles and databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nosender.privacy_audit.check import Answer
from nosender.privacy_audit.finding import Found, Severity
from nosender.privacy_audit.snapshot.memberships import held
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.schema.observe.cluster_model import STORED

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.snapshot import Snapshot

AUDITORS = "nosender_auditor"
"""The group of those who look."""

OWN = "; each login of ours has a value of its own"

Unsafe = Callable[[str], bool]
"""Whether a value, as PostgreSQL writes it, gives something away."""


@dataclass(frozen=True, slots=True)
class InForce:
    """One setting for the server, or for the sessions of a role or database."""

    name: str
    value: str
    where: str
    """Empty for the server; the role's or database's name otherwise."""

    @property
    def object(self) -> str:
        """As a finding calls it: `log_statement`, or `nosender_app: log_statement`."""
        return f"{self.where}: {self.name}" if self.where else self.name


def settings_in_force(
    snapshot: Snapshot, names: Mapping[str, object]
) -> tuple[list[InForce], dict[str, list[str]]]:
    """Where each of these settings is in force, and which of them are not seen, by the reason."""
    known = {each.name: each for each in snapshot.live.settings}
    live: list[InForce] = []
    unseen: dict[str, list[str]] = {}
    for name in names:
        setting = known.get(name)
        if setting is None or setting.state == "absent":
            continue
        if setting.unseen is not None:
            unseen.setdefault(setting.unseen, []).append(name)
        else:
            live.append(InForce(name, setting.value or "", ""))
    for stored in snapshot.live.role_settings:
        if stored.name in names:
            where = stored.role or stored.database or "every role"
            live.append(InForce(stored.name, stored.value, dotted(where)))
    return live, unseen


def unsafe(snapshot: Snapshot, rules: Mapping[str, tuple[Unsafe, str]]) -> Answer:
    """A finding for each setting whose value its rule calls unsafe; the rule's sentence says what follows.

    Where each login of ours has a value of its own that is safe, the server's is for the others to see, and
    low, seen or not: some platforms leave no other way.
    """
    live, unseen = settings_in_force(snapshot, rules)
    own = _logins_of_ours(snapshot)
    safe = {(each.name, each.where) for each in live if not rules[each.name][0](each.value)}

    def spared(name: str) -> bool:
        return bool(own) and all((name, login) in safe for login in own)

    def found(each: InForce) -> Found:
        low = not each.where and spared(each.name)
        return Found(
            each.object,
            "setting",
            f"{each.name} is {each.value!r}: {rules[each.name][1]}{OWN if low else ''}.",
            severity=Severity.LOW if low else None,
        )

    # What is stored for who looks hides the server's, which decides nothing where all of ours have their own.
    hidden = [name for name in unseen.get(STORED, ()) if spared(name)]
    left = {why: [name for name in names if name not in hidden] for why, names in unseen.items()}
    return Answer.of(
        live,
        (
            *(found(each) for each in live if rules[each.name][0](each.value)),
            *(Found(name, "setting", f"{name} {STORED}{OWN}.", severity=Severity.LOW) for name in hidden),
        ),
        " and ".join(f"{', '.join(names)} {why}" for why, names in left.items() if names) or None,
    )


def _logins_of_ours(snapshot: Snapshot) -> list[str]:
    """Whose statements carry our rows, as settings are stored for them: the members of our groups and the
    owners of our tables, of those that log in. The auditor's count rows, and a value of its own would hide
    the others'.
    """
    groups = {each.name for each in snapshot.catalogue.roles} - {AUDITORS}
    owners = {each.owner for each in snapshot.tables.values()}
    return [
        dotted(each.name)
        for each in snapshot.live.roles
        if each.login and (each.name in owners or groups & held(snapshot.live, each.name))
    ]


def is_on(value: str) -> bool:
    """Whether a switch is on, in any of the ways in which it may be written."""
    return value.lower() in ("on", "true", "yes", "1")


def is_other_than(*safe: str) -> Unsafe:
    """A rule: any value but these."""
    return lambda value: value.lower() not in safe
