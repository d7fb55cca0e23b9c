"""The one step by which knobs are turned: the function with other values, and a line in the journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from nosender.errors import NosenderError
from nosender.migrations import journal
from nosender.migrations.apply import Patience, patiently, set_local
from nosender.schema import knobs
from nosender.schema.knobs import FUNCTION, Knobs
from nosender.schema.observe import Difference, Observation
from nosender.schema.observe.quoting import qualified
from nosender.schema.observe.turned import values_of
from nosender.terminal_text import visible

if TYPE_CHECKING:
    import psycopg

    from nosender.migrations.revisions import Chain
    from nosender.migrations.waits import Watch
    from nosender.project import Declared

_VALUES = """
select p.prosrc
from pg_catalog.pg_proc as p
inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
where n.nspname = %s and p.proname = %s and p.pronargs = 0
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """What `db upgrade` would turn, as it stands in a plan."""

    knobs: tuple[tuple[str, str, str], ...]
    """Name, the value that stands and the value that is declared."""
    sql: str

    def lines(self) -> list[str]:
        """For a person, a line a knob."""
        return [f"{name}: {stands} becomes {declared}" for name, stands, declared in self.knobs]


def statement(schema: str, values: Knobs) -> str:
    """What makes the function with these values; its rights stay."""
    columns = ", ".join(
        f"{each.name} {'text' if each.name == 'delivered' else 'interval'}" for each in fields(Knobs)
    )
    return (
        f"create or replace function {qualified(schema, FUNCTION)}() returns table ({columns}) "
        f"language sql immutable set search_path = pg_catalog, pg_temp as $${values.body()}$$;"
    )


def standing(connection: psycopg.Connection, schema: str) -> Knobs | None:
    """The values that stand in the database; None where the function is missing or of another form."""
    row = connection.execute(_VALUES.encode(), (schema, FUNCTION)).fetchone()
    return knobs.read(row[0]) if row is not None else None


def has_knobs(chain: Chain, goal: str | None) -> bool:
    """Whether the knobs stand in one function at this revision, by the newest one of ours up to there."""
    for revision in reversed(chain.revisions[: chain.position(goal)]):
        if revision.expected.exists():
            expected = Observation.from_json(revision.expected.read_text(encoding="utf-8"))
            return values_of(expected) is not None
    return False


def turn_of(schema: str, stands: Knobs, declared: Declared | None) -> Turn | None:
    """What is to be turned; None where nothing is declared, or what is stands already."""
    found = stands.differing(declared.values) if declared is not None else ()
    return Turn(found, statement(schema, declared.values)) if declared is not None and found else None


def differing(schema: str, stands: Knobs | None, declared: Declared | None) -> tuple[Difference, ...]:
    """For `db check`: a difference a knob, which names both sides. Another form of the function is drift."""
    if stands is None or declared is None:
        return ()
    return tuple(
        Difference(
            kind="knob",
            object=f"{qualified(schema, FUNCTION)}()",
            field=name,
            expected=f"{wanted} ({declared.place_of(name)})",
            found=found,
            severity="strict",
            sql="-- nosender db upgrade",
            destroys="",
            declared=True,
        )
        for name, found, wanted in stands.differing(declared.values)
    )


def take(
    work: psycopg.Connection,
    schema: str,
    turn: Turn,
    declared: Declared,
    *,
    patience: Patience,
    watch: Watch,
    verify: Callable[[], None],
) -> None:
    """Turn them in one transaction with the line in the journal, and look that they stand."""

    def whole() -> None:
        with work.transaction():
            set_local(work, lock=patience.lock)
            work.execute(turn.sql.encode())
            if standing(work, schema) != declared.values:
                raise NosenderError(
                    f"the knobs of schema {visible(schema)} did not take the values of {declared.place}; "
                    "nothing was kept"
                )
            journal.write_step(work, schema, FUNCTION, turn.sql)
            verify()

    patiently(work, whole, None, FUNCTION, patience, watch)
