"""The end of a sweep, in which rows are written anew in random order; and the vacuum after it.

The database does the settling, in `retention_step`. Two things it cannot do from inside a transaction: hold
a snapshot over several of them, so that no part of a set is written into what another has left; and vacuum.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from nosender.errors import NosenderError
from nosender.retention.session import State, statement
from nosender.schema.catalogue.places import declared_name, place_of
from nosender.schema.project_policy import SETTLES

if TYPE_CHECKING:
    from nosender.server.target import Target

_TABLES = ("messages", "message_deliveries", "ephemeral_keys", "device_session_keys", "messaging_public_keys")
_LOCKED_TABLES = ("users", "webauthn_credentials")
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
        row = self.connection.execute(
            "select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text"
        ).fetchone()
        self.before = row[0] if row is not None else "0"
        try:
            self.holder = self.target.connect("nosender retention settling")
        except NosenderError:
            return False
        self.holder.read_only = True
        self.holder.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self.holder.execute("select")
        return True

    def _holds(self) -> bool:
        try:
            return self.holder is not None and self.holder.execute("select") is not None
        except psycopg.OperationalError:
            return False

    def release(self) -> None:
        """Let others' vacuum take what is old again."""
        if self.holder is not None:
            with contextlib.suppress(psycopg.OperationalError):
                self.holder.rollback()  # closing alone gives the snapshot back at some later moment
            self.holder.close()
            self.holder = None

    def _vacuumed(self) -> bool:
        """Vacuum what may be vacuumed; whether every old version that the settle left is gone by then."""
        tables = (*_TABLES, *_LOCKED_TABLES, *self._theirs())
        found = self._look(tables)
        if not all(may for may, _ in found.values()):
            self.warning = NOT_VACUUMED + "which their owner may run"
            return False
        for table in tables:
            name = sql.Identifier(*place_of(table, self.target.schema))
            freeze = sql.SQL("freeze, " if table in _LOCKED_TABLES else "")
            # Never waits, and takes no lock that others would wait for.
            self.connection.execute(
                sql.SQL("vacuum ({}index_cleanup on, truncate off, skip_locked) {}").format(freeze, name)
            )
        after = self._look(tables)
        if any(after[table][1] == found[table][1] for table in found):
            self.warning = NOT_VACUUMED + "because somebody else holds a lock on a table"
            return False
        held = self.connection.execute(
            statement(
                self.target.schema,
                "select kind, name from {}.retention_holders() where transactions >= "
                "pg_catalog.age(%s::xid8::xid) order by kind, name limit 1",
            ),
            [self.before],
        ).fetchone()
        if held is not None:
            self.warning = NOT_VACUUMED + f"because {held[0]} {held[1]} has an old snapshot"
        return held is None

    def _look(self, tables: tuple[str, ...]) -> dict[str, tuple[bool, int]]:
        """By table, whether this login may vacuum it, and how often it was vacuumed."""
        schemas, names = zip(*(place_of(table, self.target.schema) for table in tables), strict=True)
        rows = self.connection.execute(_MAY, [list(schemas), list(names)]).fetchall()
        return {
            declared_name(home, name, self.target.schema): (may, count) for home, name, may, count in rows
        }

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
