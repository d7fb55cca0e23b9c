"""The end of a sweep, in which rows are written anew in random order; and the vacuum after it.

The database does the settling, in `retention_step`. Two things it cannot do from inside a transaction: hold
a snapshot over several of them, so that no part of a set is written into what another has left; and vacuum.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from nosender.errors import NosenderError
from nosender.retention.session import State, statement
from nosender.schema.catalogue.places import place_of
from nosender.schema.project_policy import SETTLES

if TYPE_CHECKING:
    from nosender.server.target import Target

_TABLES = ("messages", "message_deliveries", "ephemeral_keys", "device_session_keys", "messaging_public_keys")
LOCKED_TABLES = ("users", "webauthn_credentials")
"""Where locks stay in the rows until a freeze takes them out."""

# PostgreSQL 17 came with a right of its own, which older ones do not know by name.
_MAY = """
    select
      n.nspname,
      c.relname,
      pg_catalog.pg_has_role(c.relowner, 'usage') or exists (
        select from pg_catalog.aclexplode(c.relacl) as a
        where a.privilege_type = 'MAINTAIN' and (a.grantee = 0 or pg_catalog.pg_has_role(a.grantee, 'usage'))
      ),
      pg_catalog.pg_stat_get_vacuum_count(c.oid)
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    where (n.nspname, c.relname) in (
      select * from rows from (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[]))
    )
"""

NOT_VACUUMED = "settled, not vacuumed: the old rows with their order stay in the files until a vacuum, "


@dataclass(slots=True)
class Settling:
    """What a sweep does about settling beside its own steps."""

    target: Target
    connection: psycopg.Connection
    """The sweep's own."""
    before: str = ""
    """The next transaction number as the settling began."""
    holder: psycopg.Connection | None = None
    """Whose snapshot keeps old versions in their places."""
    warning: str | None = None

    def step(self, state: State) -> State:
        """The state that the next step is to have: settling begins under a snapshot, and ends in a vacuum."""
        if state["at"] < len(state["tables"]) or state["finished"]:
            return state
        if state["settling"] and "held" not in state:
            return {**state, "held": self._hold()}
        if state["settling"] and state.get("held") and not self._holds():
            return {**state, "held": False}
        if not state["settling"] and "held" in state and "vacuumed" not in state:
            self.release()
            return {**state, "vacuumed": state["settled"] == 0 or self._vacuumed()}
        return state

    def _hold(self) -> bool:
        """Whether there was a session to be had for it; without one a set is a transaction, however large."""
        self.before = next_transaction(self.connection)
        self.holder = snapshot_holder(self.target)
        return self.holder is not None

    def _holds(self) -> bool:
        try:
            return self.holder is not None and self.holder.execute("select") is not None
        except psycopg.OperationalError:
            return False

    def release(self) -> None:
        """Let others' vacuum take what is old again."""
        if self.holder is not None:
            let_go(self.holder)
            self.holder = None

    def _vacuumed(self) -> bool:
        """Vacuum what may be vacuumed; whether every old version that the settle left is gone by then."""
        places = {
            place_of(table, self.target.schema): table in LOCKED_TABLES
            for table in (*_TABLES, *LOCKED_TABLES, *self._theirs())
        }
        why = why_not_vacuumed(self.connection, self.target.schema, places, self.before)
        if why is not None:
            self.warning = NOT_VACUUMED + why
        return why is None

    def _theirs(self) -> list[str]:
        """A project's tables that settle."""
        found = self.connection.execute(
            statement(
                self.target.schema,
                "select table_name from {}.retention_project_policy() where action = %s order by table_name",
            ),
            [SETTLES],
        )
        return [name for (name,) in found.fetchall()]


def next_transaction(connection: psycopg.Connection) -> str:
    """The number of the next transaction."""
    row = connection.execute(
        "select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text"
    ).fetchone()
    return row[0] if row is not None else "0"


def snapshot_holder(target: Target) -> psycopg.Connection | None:
    """A session that holds a snapshot until it is let go; None where there is none to be had."""
    try:
        holder = target.connect("nosender retention settling")
    except NosenderError:
        return None
    holder.read_only = True
    holder.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    holder.execute("select")
    return holder


def let_go(holder: psycopg.Connection) -> None:
    """End its transaction first: closing alone gives the snapshot back at some later moment."""
    with contextlib.suppress(psycopg.OperationalError):
        holder.rollback()
    holder.close()


def why_not_vacuumed(
    connection: psycopg.Connection, schema: str, places: Mapping[tuple[str, str], bool], before: str
) -> str | None:
    """Vacuum the tables, by schema and name, where this login may; True for one that is frozen, too.

    Why old versions may still be there, or None where each that is older than `before`, the number of a
    transaction, is gone.
    """
    found = _look(connection, places)
    if not all(may for may, _ in found.values()):
        return "which their owner may run"
    for place, freezes in places.items():
        freeze = sql.SQL("freeze, " if freezes else "")
        # Never waits, and takes no lock that others would wait for.
        connection.execute(
            sql.SQL("vacuum ({}index_cleanup on, truncate off, skip_locked) {}").format(
                freeze, sql.Identifier(*place)
            )
        )
    after = _look(connection, places)
    if any(after[place][1] == found[place][1] for place in found):
        return "because somebody else holds a lock on a table"
    held = connection.execute(
        statement(
            schema,
            "select kind, name from {}.retention_holders() where transactions >= "
            "pg_catalog.age(%s::xid8::xid) order by kind, name limit 1",
        ),
        [before],
    ).fetchone()
    return None if held is None else f"because {held[0]} {held[1]} has an old snapshot"


def _look(
    connection: psycopg.Connection, places: Mapping[tuple[str, str], bool]
) -> dict[tuple[str, str], tuple[bool, int]]:
    """By table, whether this login may vacuum it, and how often it was vacuumed."""
    schemas, names = zip(*places, strict=True)
    rows = connection.execute(_MAY, [list(schemas), list(names)]).fetchall()
    return {(home, name): (may, count) for home, name, may, count in rows}
