"""The layout on a copy of the schema, without its rows: does it take the keys, and do the functions hold?

The copy stands on a PostgreSQL that is thrown away, its tables in parts as `stand_in` makes them. Then
people register there and write to one another, through the functions, as an application does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nosender.errors import IncompleteError, NosenderError, UsageError
from nosender.scale_out import stand_in
from nosender.terminal_text import visible

if TYPE_CHECKING:
    import psycopg

    from nosender.server.target import Target

PEOPLE, MESSAGES = 20, 200

NOT_CITUS = (
    "Citus itself was not run: its planner, its locks and its nodes are not in this, nor a sweep of the nodes"
)


_OURS = """
select
  pg_catalog.count(*) filter (where a.attname operator(pg_catalog.=) 'webauthn_credential_id'),
  pg_catalog.count(*) filter (where a.attname operator(pg_catalog.=) 'destination_phone')
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid operator(pg_catalog.=) c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace operator(pg_catalog.=) n.oid
where n.nspname operator(pg_catalog.=) %s and c.relname operator(pg_catalog.=) 'message_deliveries'
"""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The whole answer."""

    refused: str | None
    """What PostgreSQL said where it did not take the layout or a function failed; None where all held."""
    rows: dict[str, int]
    """What went through the functions, by table."""
    parts: int = 0
    """Over how many parts the messages were spread."""

    @property
    def exit_code(self) -> int:
        """1 where something was refused, else 0."""
        return 1 if self.refused else 0


def rehearse(target: Target) -> Rehearsed:
    """Rehearse the layout on a copy of the target's schema; IncompleteError where it cannot be copied."""
    import psycopg
    from psycopg import sql

    from nosender.migrations.rehearsal import scratch_copy
    from nosender.traffic.fill import fill

    _require_ours(target)
    with scratch_copy(target, None) as copy:
        try:
            stand_in.make(copy.connection, target.schema)
            # a copy has no rights but those that everybody has
            copy.connection.execute(
                sql.SQL("grant usage on schema {} to nosender_app").format(sql.Identifier(target.schema))
            )
            copy.connection.commit()
        except psycopg.Error as error:
            return Rehearsed(_told(error), {})
        try:
            rows = fill(copy.target, PEOPLE, MESSAGES, seed=1, through="flow").rows
        except psycopg.Error as error:
            return Rehearsed(_told(error), {})
        except NosenderError as error:
            return Rehearsed(str(error), {})
        return Rehearsed(None, rows, _parts(copy.connection, target.schema))


def _require_ours(target: Target) -> None:
    """IncompleteError where there is nothing to rehearse, or not what the layout was made of."""
    from nosender.migrations import runner
    from nosender.migrations.revisions import VERSIONS, Chain

    with target.connect("nosender db scale-out", reading=True) as connection:
        row = connection.execute(_OURS.encode(), [target.schema]).fetchone()
    if row is None or not row[0]:
        raise IncompleteError(
            f"schema {visible(target.schema)} of this database holds none of our tables; run `nosender db "
            "upgrade`, or name the right schema with --schema"
        )
    if row[1]:
        raise UsageError("this database is in the layout already: there is nothing to rehearse.")
    revision, head = runner.current(target).revision, Chain.load(VERSIONS).head
    if revision not in (None, head):
        raise IncompleteError(
            f"the schema is at revision {visible(str(revision))}, and the layout was made of {head}: run "
            "`nosender db upgrade`"
        )


def _parts(connection: psycopg.Connection, schema: str) -> int:
    from psycopg import sql

    row = connection.execute(
        sql.SQL("select pg_catalog.count(distinct m.tableoid) from {} as m").format(
            sql.Identifier(schema, "messages")
        )
    ).fetchone()
    return row[0] if row is not None else 0


def as_lines(found: Rehearsed) -> list[str]:
    """The answer for a person."""
    if found.refused is not None:
        return [f"refused: {found.refused}", NOT_CITUS]
    rows = ", ".join(f"{count} {table}" for table, count in found.rows.items() if count)
    return [
        "the copy is in the layout, and PostgreSQL holds each of its keys",
        f"through the functions of the message flow went {rows}; the messages stand in {found.parts} parts",
        NOT_CITUS,
    ]


def _told(error: psycopg.Error) -> str:
    """What PostgreSQL said; the copy holds nobody's rows, so there is none in it."""
    lines = [error.diag.message_primary or str(error), *(error.diag.message_detail or "").splitlines()]
    return "; ".join(visible(line) for line in lines if line)
