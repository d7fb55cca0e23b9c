"""The database that plain Alembic is pointed at, in any of Alembic's ways, and our settings there.

A connection that the caller made is only lent: our settings are of one transaction each, and what the
caller's own had is put back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy
from sqlalchemy.pool import NullPool

from nosender.errors import UsageError
from nosender.migrations.journal import VERSION_TABLE
from nosender.schema.ddl import PATH
from nosender.server.pinned_connection import PINNED, local_settings
from nosender.server.session_start import refuse_silent_triggers, refuse_stored_role
from nosender.server.target import Target, resolve

CONNECTION = 'attributes["connection"]'
COMMAND_LINE = "-x url"
FILE = "sqlalchemy.url"


@dataclass
class AlembicSession:
    """A connection of SQLAlchemy's, each transaction of which begins with our settings."""

    bound: sqlalchemy.Connection
    settings: dict[str, str]
    version_tables: tuple[str, ...] = (VERSION_TABLE,)
    """Where Alembic keeps the place of the chains, ours and a project's."""

    @property
    def driver(self) -> psycopg.Connection[Any]:
        """The connection beneath."""
        found: psycopg.Connection[Any] = self.bound.connection.driver_connection  # type: ignore[assignment]
        return found

    def pin(self, *_: Any) -> None:
        """Give the settings to the transaction that begins, or that is open."""
        self.driver.execute(local_settings(self.settings))

    def pin_alembic(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Let no revision, whatever path it left, decide what Alembic's own statements mean."""
        if self._of_alembic(statement):
            self.driver.execute(local_settings({"search_path": PATH}))

    def unpin_alembic(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Go on as before."""
        if self._of_alembic(statement):
            self.driver.execute(local_settings({"search_path": self.settings["search_path"]}))

    def _of_alembic(self, statement: str) -> bool:
        return any(table in statement for table in self.version_tables)

    def look_up(self, path: str) -> None:
        """Have names looked up there, in the open transaction and in those to come."""
        self.settings["search_path"] = path
        if self.bound.in_transaction():
            self.pin()


@contextmanager
def alembic_session(given: Any, urls: Mapping[str, str | None], schema: str) -> Iterator[AlembicSession]:
    """A session on the one database that was named; UsageError where two differ, or none is.

    `given` is the connection or engine of the caller's program, `urls` what was written in each place.
    """
    targets = _targets(urls, schema)
    opened: AbstractContextManager[sqlalchemy.Connection]
    if given is None:
        opened = _own(next(iter(targets.values()), None) or resolve(None, schema)).connect()
    elif isinstance(given, sqlalchemy.Engine):
        opened = given.connect()
    elif isinstance(given, sqlalchemy.Connection):
        opened = nullcontext(given)
    else:
        raise UsageError(f"{CONNECTION} is neither a connection nor an engine of SQLAlchemy's")
    with opened as bound:
        if given is not None:
            _refuse_unfit(bound, targets)
        with _pinned(AlembicSession(bound, {**PINNED, "search_path": PATH})) as session:
            yield session


def _own(target: Target) -> sqlalchemy.Engine:
    connection = target.connect("alembic", autocommit=False)
    return sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=NullPool)


@contextmanager
def _pinned(session: AlembicSession) -> Iterator[AlembicSession]:
    """Pin every transaction while it is lent, and put back what the caller's open one had."""
    bound, before = session.bound, {}
    if bound.in_transaction():
        before = {name: _setting(session.driver, name) for name in session.settings}
        session.pin()
    listeners = {
        "begin": session.pin,
        "before_cursor_execute": session.pin_alembic,
        "after_cursor_execute": session.unpin_alembic,
    }
    for event, listener in listeners.items():
        sqlalchemy.event.listen(bound, event, listener)
    try:
        yield session
    finally:
        for event, listener in listeners.items():
            sqlalchemy.event.remove(bound, event, listener)
        if before and bound.in_transaction():
            with suppress(psycopg.Error):  # it failed, and ends with what was set in it
                session.driver.execute(local_settings(before))


@contextmanager
def looking_up(driver: psycopg.Connection[Any], path: str) -> Iterator[None]:
    """Have names looked up there in the open transaction, and then where they were."""
    before = _setting(driver, "search_path")
    driver.execute(local_settings({"search_path": path}))
    yield
    driver.execute(local_settings({"search_path": before}))


def _setting(driver: psycopg.Connection[Any], name: str) -> str:
    row = driver.execute("select pg_catalog.current_setting(%s, true)", (name,)).fetchone()
    return (row and row[0]) or ""


def _targets(urls: Mapping[str, str | None], schema: str) -> dict[str, Target]:
    """Those that are written down, which must name one database."""
    targets = {place: resolve(url, schema) for place, url in urls.items() if url}
    if set(targets) == {FILE}:
        # a file and the environment: neither was meant for this run more than the other
        for variable in ("NOSENDER_URL", "DATABASE_URL"):
            if os.environ.get(variable):
                targets[variable] = resolve(os.environ[variable], schema)
                break
    for place, other in targets.items():
        first, one = next(iter(targets.items()))
        if one.place() != other.place():
            raise UsageError(
                f"{first} names {one.describe()}, and {place} {other.describe()}: nothing was done; leave "
                "one of them out, or let them agree"
            )
    return targets


def _refuse_unfit(bound: sqlalchemy.Connection, targets: Mapping[str, Target]) -> None:
    """Refuse a connection that cannot be worked on, and one beside which another database is named."""
    driver = bound.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise UsageError(f"{CONNECTION} is not psycopg's: make its engine with postgresql+psycopg://")
    if driver.autocommit:
        raise UsageError(f"{CONNECTION} commits every statement by itself: give one that has transactions")
    info = driver.info
    found = {"host": info.host, "hostaddr": info.hostaddr, "port": str(info.port)}
    found |= {"dbname": info.dbname, "user": info.user, "service": info.get_parameters().get("service", "")}
    for place, target in targets.items():
        wanted = {name: value for name, value in target.place().items() if value and name in found}
        if any(found[name] not in value.split(",") for name, value in wanted.items()):
            raise UsageError(
                f"{CONNECTION} leads to database {info.dbname} on {info.host}:{info.port}, and {place} names "
                f"{target.describe()}: nothing was done; leave one of them out, or let them agree"
            )
    idle = not bound.in_transaction()
    refuse_silent_triggers(_setting(driver, "session_replication_role"))
    if _setting(driver, "role") != "none":
        refuse_stored_role(driver, driver.info.options)
    if idle:
        driver.rollback()
