"""Opens a session that is pinned, and looks whether it is: on our own server, with our own settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, cast

import psycopg
from psycopg import sql

from nosender.errors import NosenderError
from nosender.server.binaries import OLDEST_MAJOR
from nosender.server.names import require_name
from nosender.server.own_server import cluster_name, libpq_environment
from nosender.server.pinned_connection import (
    PINNED,
    POOLED,
    READING,
    RESTRICTED,
    UNTIL_THE_END,
    PinnedConnection,
    startup_options,
)
from nosender.server.refused_connections import takes_no_options

_CONNECT_SECONDS = 10


def start(
    conninfo: str, parameters: Mapping[str, str], application_name: str, *, reading: bool
) -> PinnedConnection:
    """A session in autocommit; psycopg.OperationalError where there is none to be had.

    NosenderError: a server too old, another server than ours, a session in which triggers do not fire.
    """
    home = cluster_name(parameters)
    given = parameters.get("options") or ("" if home else os.environ.get("PGOPTIONS", ""))
    fixed = {"application_name": application_name, "client_encoding": "UTF8"}
    if "connect_timeout" not in parameters and (home or "PGCONNECT_TIMEOUT" not in os.environ):
        fixed["connect_timeout"] = str(_CONNECT_SECONDS)
    with libpq_environment(ours=home is not None):
        connection = _open(conninfo, fixed, given, reading)
    try:
        require_name(connection.info.dbname, "database")  # a service file's
        require_name(connection.info.user, "role")
        _refuse_old(connection)
        connection.reading = reading
        _examine(connection, home, given)
    except BaseException:
        connection.close()
        raise
    return connection


def _open(conninfo: str, fixed: dict[str, str], given: str, reading: bool) -> PinnedConnection:
    """With our options or, where a pooler takes none and the user gave none, without."""

    def attempt(options: str) -> PinnedConnection:
        return PinnedConnection.connect(conninfo, autocommit=True, options=options, **cast(Any, fixed))

    try:
        return attempt(startup_options(given, reading=reading))
    except psycopg.OperationalError as error:
        if given or not takes_no_options(str(error)):
            raise
    return attempt("")


def _refuse_old(connection: PinnedConnection) -> None:
    if connection.info.server_version < OLDEST_MAJOR * 10000:
        version = connection.info.parameter_status("server_version")
        raise NosenderError(
            f"its server is PostgreSQL {version}; {OLDEST_MAJOR} is the oldest that is supported"
        )


def _examine(connection: PinnedConnection, home: str | None, given: str) -> None:
    """Whether our settings hold; where they do not, a pooler lends the session, or PGTZ and the like won."""
    wanted = {**PINNED, **(READING if connection.reading else {})}
    found = _settings(connection, (*wanted, "session_replication_role", "role", RESTRICTED, UNTIL_THE_END))
    if home is not None and _settings(connection, ("cluster_name",))["cluster_name"] != home:
        raise NosenderError("it is not the server that was started for this command; nothing was done there")
    refuse_silent_triggers(found["session_replication_role"])
    if found["role"] != "none":
        refuse_stored_role(connection, given)
    connection.restricts = connection.reading and found[RESTRICTED] is not None
    lent = not all(_same(found[name], value) for name, value in wanted.items())
    connection.begin_with_settings(lent=lent)
    if connection.reading and found[UNTIL_THE_END] not in (None, "0") and UNTIL_THE_END not in given:
        connection.add_to_begin({UNTIL_THE_END: "0"})
    if not lent:
        return
    try:
        with connection.transaction():
            found = _settings(connection, tuple(PINNED))
    except psycopg.errors.ProtocolViolation:  # what a pool in statement mode says to BEGIN
        raise NosenderError(POOLED.format(what="this command")) from None
    wrong = [name for name, value in PINNED.items() if not _same(found[name], value)]
    if wrong:
        raise NosenderError(f"{wrong[0]} cannot be set there, so what is read could not be trusted")


def refuse_silent_triggers(role: str | None) -> None:
    """Refuse a session_replication_role in which triggers do not fire."""
    if role != "origin":
        what = (
            "triggers and foreign keys do not hold"
            if role == "replica"
            else "triggers for replicas are silent"
        )
        raise NosenderError(
            f"session_replication_role is {role} in its sessions, in which {what}: take it back with ALTER "
            "ROLE or ALTER DATABASE … RESET session_replication_role, or out of the server's configuration"
        )


def refuse_stored_role(connection: psycopg.Connection[Any], given: str) -> None:
    """Refuse to be somebody whom the owner of the database chose, who would own what is made.

    What is stored for the login alone is its own to say, and so is what the user gave.
    """
    if "role" in given:
        return
    row = connection.execute(_STORED_ROLES).fetchone()
    if row is not None and row[0] and not row[1]:
        raise NosenderError(
            "a role is stored there for everybody who connects, to whom all that is made would belong: take "
            "it back with ALTER DATABASE … RESET role, or ALTER ROLE ALL RESET role"
        )


_STORED_ROLES = """
    select
        pg_catalog.bool_or(s.setrole operator(pg_catalog.=) 0::pg_catalog.oid),
        pg_catalog.bool_or(s.setrole operator(pg_catalog.<>) 0::pg_catalog.oid)
    from pg_catalog.pg_db_role_setting as s
    cross join lateral pg_catalog.unnest(s.setconfig) as c (said)
    where
        pg_catalog.starts_with(c.said, 'role=')
        and (
            s.setdatabase operator(pg_catalog.=) 0::pg_catalog.oid
            or s.setdatabase operator(pg_catalog.=) (
                select d.oid from pg_catalog.pg_database as d
                where d.datname operator(pg_catalog.=) pg_catalog.current_database()
            )
        )
        and (
            s.setrole operator(pg_catalog.=) 0::pg_catalog.oid
            or s.setrole operator(pg_catalog.=) (
                select r.oid from pg_catalog.pg_roles as r where r.rolname operator(pg_catalog.=) session_user
            )
        )
"""


def _settings(connection: PinnedConnection, names: tuple[str, ...]) -> dict[str, str | None]:
    """Values of settings, asked with nothing that a search path could turn."""
    columns = sql.SQL(", ").join(
        sql.SQL("pg_catalog.current_setting({}, true)").format(sql.Literal(name)) for name in names
    )
    row = connection.execute(sql.SQL("select {}").format(columns)).fetchone()
    return dict(zip(names, row or (), strict=True))


def _same(found: str | None, wanted: str) -> bool:
    return found is not None and found.replace(" ", "").lower() == wanted.replace(" ", "").lower()
