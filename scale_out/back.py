"""Brings a distributed database back to one server: the rows, then the keys and functions of the core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from nosender.errors import NosenderError
from nosender.migrations.session import Options, open_session
from nosender.scale_out import move
from nosender.scale_out.apply import require_head
from nosender.scale_out.standing import standing_of
from nosender.schema.layouts import layout as layouts
from nosender.schema.layouts.scripts import core_again, undistribution
from nosender.schema.layouts.standing import beside
from nosender.schema.observe import observe, reference
from nosender.schema.observe.citus_own import without_own
from nosender.schema.observe.diff.repair import comment_statement
from nosender.schema.observe.quoting import qualified, quoted
from nosender.schema.observe.read.distribution import refuse_worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from nosender.schema.layouts.standing import Beside
    from nosender.server.target import Target

WHAT = "db scale-out back"

_ONE_BY_ONE = """
select pg_catalog.set_config(s.name, 'sequential', true)
from pg_catalog.pg_settings as s
where s.name operator(pg_catalog.=) 'citus.multi_shard_modify_mode'
"""
_TWICE = (
    ("messages", "message_id", "message ids stand under several destinations"),
    ("messages", "id", "numbers are those of several messages"),
    ("message_deliveries", "id", "numbers are those of several deliveries"),
)
"""What the core holds once and the layout may hold once a destination."""


@dataclass(frozen=True, slots=True)
class Returned:
    """The whole answer."""

    moved: move.Moved | None
    """None where the database was not in the layout."""
    still: tuple[str, ...] = ()
    """What stays of the layout, each in a sentence."""


def back(target: Target, options: Options | None = None) -> Returned:
    """Bring the database of `target` back to one server; done already is done.

    NosenderError where rows cannot stand there, with their count, where a statement is refused or a lock is
    not won: then nothing is changed.
    """
    options = options or Options()
    with target.connect("nosender db scale-out", reading=True) as connection:
        refuse_worker(connection, target.schema)
        live = without_own(observe(connection, target.schema))
    stands = standing_of(live, layouts.read())
    if stands == "core":
        return Returned(None)
    if stands == "between":
        raise NosenderError(
            "some tables are distributed and others not, which no command of ours leaves: db scale-out "
            "status says which; nothing was changed"
        )
    spread = stands == "distributed"
    with open_session(target, options) as session:
        require_head(session)
        session.refuse_read_only()
        move.require_promised(session)

        def refuse(work: psycopg.Connection) -> None:
            # Citus changes no table after a look at all its shards at once
            work.execute(_ONE_BY_ONE.encode())
            refuse_twice(work, target.schema)

        done = move.run(session, move_of(target.schema, session.revision, engine=spread), refuse)
    return Returned(done, tuple(_still(spread=spread)))


def move_of(schema: str, revision: str | None, *, engine: bool) -> move.Move:
    """What is run; without the engine where nothing is distributed."""
    return move.Move(
        WHAT,
        "down",
        (
            *undistribution(schema, engine=engine),
            core_again(schema),
            *_added(beside(schema, revision)),
            # Citus makes tables anew without them; by their full names, for a namesake may stand beside one
            "\n".join(comment_statement(each) for each in reference(schema).comments),
        ),
        beside(schema, revision).back(),
    )


def _added(change: Beside) -> Iterator[str]:
    """What takes away functions that only the layout has, and its rules for the books."""
    core = {(each.name, each.identity) for each in change.lacks.functions}
    for each in change.has.functions:
        if (each.name, each.identity) not in core:
            yield f"drop routine {qualified(each.schema, each.name)}({each.identity});"
    moved = layouts.read().moved
    for constraints, verb in ((change.has.constraints, "drop"), (change.lacks.constraints, "add")):
        for rule in constraints:
            if rule.kind == "check" and rule.table not in moved:
                table, name = qualified(rule.schema, rule.table), quoted(rule.name)
                definition = f" {rule.definition}" if verb == "add" else ""
                yield f"alter table {table} {verb} constraint {name}{definition};"


def refuse_twice(work: psycopg.Connection, schema: str) -> None:
    """NosenderError for rows that the keys of the core would refuse, with their count."""
    found = []
    for table, column, told in _TWICE:
        query = sql.SQL(
            "select pg_catalog.count(*) from (select {column} from {table} group by {column} "
            "having pg_catalog.count(*) operator(pg_catalog.>) 1) as twice"
        ).format(column=sql.Identifier(column), table=sql.Identifier(schema, table))
        row = work.execute(query).fetchone()
        if row is not None and row[0]:
            found.append(f"{row[0]:,} {told}")
    if found:
        raise NosenderError(
            f"on one server these cannot stand: {', '.join(found)}; nothing was changed: delete all but one "
            "of each, or stay"
        )


def _still(*, spread: bool) -> list[str]:
    if spread:
        return [
            "the nodes keep our functions and no row: select pg_catalog.citus_remove_node('HOST', PORT) here "
            "for each that is not needed, and drop its database"
        ]
    return [
        "the numbers stand in the files of webauthn_credentials and message_deliveries until they are "
        "written anew: run nosender retention erase --rewrite"
    ]
