"""Settings as they are in force: the server's own, and what is stored for roles and databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nosender.privacy_audit.check import Answer
from nosender.privacy_audit.finding import Found
from nosender.privacy_audit.snapshot.object_names import dotted

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.snapshot import Snapshot

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


def settings_in_force(snapshot: Snapshot, names: Mapping[str, object]) -> tuple[list[InForce], list[str]]:
    """Where each of these settings is in force, and which of them this role may not see."""
    known = {each.name: each for each in snapshot.live.settings}
    live, hidden = [], []
    for name in names:
        setting = known.get(name)
        if setting is not None and setting.state == "set":
            live.append(InForce(name, setting.value or "", ""))
        elif setting is not None and setting.state == "hidden":
            hidden.append(name)
    for stored in snapshot.live.role_settings:
        if stored.name in names:
            where = stored.role or stored.database or "every role"
            live.append(InForce(stored.name, stored.value, dotted(where)))
    return live, hidden


def unsafe(snapshot: Snapshot, rules: Mapping[str, tuple[Unsafe, str]]) -> Answer:
    """A finding for each setting whose value its rule calls unsafe; the rule's sentence says what follows."""
    live, hidden = settings_in_force(snapshot, rules)
    return Answer.of(
        live,
        (
            Found(each.object, "setting", f"{each.name} is {each.value!r}: {rules[each.name][1]}.")
            for each in live
            if rules[each.name][0](each.value)
        ),
        f"{', '.join(hidden)} is shown to members of pg_read_all_settings only" if hidden else None,
    )


def is_on(value: str) -> bool:
    """Whether a switch is on, in any of the ways in which it may be written."""
    return value.lower() in ("on", "true", "yes", "1")


def is_other_than(*safe: str) -> Unsafe:
    """A rule: any value but these."""
    return lambda value: value.lower() not in safe
