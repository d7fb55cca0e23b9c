"""Where the database is, and how every command of ours connects to it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nosender.errors import NosenderError, UsageError
from nosender.server.names import require_name, require_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from nosender.server.pinned_connection import PinnedConnection

_LIBPQ_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "service": "PGSERVICE",
}


@dataclass(frozen=True, slots=True)
class Target:
    """A database and the schema in it that a command is about."""

    conninfo: str
    """A libpq connection string or URI; empty means libpq's own variables and service file."""
    schema: str = "public"
    """The schema of our tables."""

    def __post_init__(self) -> None:
        require_schema(self.schema)

    def connect(
        self, application_name: str, *, autocommit: bool = False, reading: bool = False
    ) -> PinnedConnection:
        """Open a pinned session; failing, it says why in one sentence without a password in it.

        `application_name` is what a DBA sees in pg_stat_activity: `nosender audit`. `reading`: it can write
        nothing, and waits for nothing for ever.
        """
        import psycopg

        from nosender.server.refused_connections import cause
        from nosender.server.session_start import start

        for name, what in (("dbname", "database"), ("user", "role")):
            if named := self.place()[name]:
                require_name(named, what)
        try:
            connection = start(self.conninfo, self._parameters(), application_name, reading=reading)
        except psycopg.Error as error:
            raise NosenderError(f"cannot connect to {self.describe()}: {cause(str(error))}") from None
        except NosenderError as error:
            raise NosenderError(f"{self.describe()} is not used: {error}") from None
        connection.autocommit = autocommit
        return connection

    def describe(self) -> str:
        """The database in words that hold no password: `database app on db.example:5432`."""
        given = self._parameters()

        def of(name: str) -> str | None:
            return given.get(name) or os.environ.get(_LIBPQ_VARIABLES[name])

        if of("service") and "dbname" not in given:
            return f"the database of service {of('service')}"
        database = of("dbname") or of("user")  # libpq's own default
        place = of("host") or of("hostaddr") or "the local socket"
        port = f":{of('port')}" if of("port") else ""
        return f"{f'database {database}' if database else 'the default database'} on {place}{port}"

    def place(self) -> dict[str, str | None]:
        """What says which database it is, by libpq's names, with libpq's own defaults."""
        given = self._parameters()
        found = {name: given.get(name) or os.environ.get(other) for name, other in _LIBPQ_VARIABLES.items()}
        if not found["service"]:
            found |= {"port": found["port"] or "5432", "dbname": found["dbname"] or found["user"]}
        return found

    def pooler(self) -> str | None:
        """A platform's pooler that is known by the address, and what to name instead; None where none is."""
        from nosender.server.known_poolers import known_pooler

        place = self.place()
        hosts, ports = ((place[name] or "").split(",") for name in ("host", "port"))
        pairs = zip(hosts, ports if len(ports) == len(hosts) else ports[:1] * len(hosts), strict=True)
        return next((told for host, port in pairs if (told := known_pooler(host, port))), None)

    def _parameters(self) -> dict[str, str]:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        refuse_unencoded(self.conninfo)
        try:
            return {
                key: str(value) for key, value in conninfo_to_dict(self.conninfo).items() if value is not None
            }
        except psycopg.ProgrammingError:
            # libpq's own message repeats the string, and with it a password.
            raise UsageError(
                "the database URL does not parse: write postgresql://USER@HOST:PORT/DATABASE, with special "
                f"characters percent-encoded, or a libpq connection string{_not_libpqs(self.conninfo)}"
            ) from None


def refuse_unencoded(conninfo: str) -> None:
    """Refuse a URI with a second `@`, or one after a `/`: libpq would take a part of the password for a name.

    What it takes for a host or a database is named in sentences, and a password never is.
    """
    scheme, found, rest = conninfo.partition("://")
    before, at, after = rest.partition("?")[0].partition("@")
    if found and scheme in ("postgresql", "postgres") and at and ("/" in before or "@" in after):
        raise UsageError(
            "the database URL holds an @ or a / too much: in a user, a password or a database write "
            "@ as %40, / as %2F, : as %3A, ? as %3F and % as %25"
        )


_OF_OTHERS = {
    "schema": "name the schema by --schema",
    "currentSchema": "name the schema by --schema",
    "search_path": "name the schema by --schema",
    "pgbouncer": "leave it out",
    "connection_limit": "leave it out",
    "pool_size": "leave it out",
    "pool_timeout": "leave it out",
    "pool": "leave it out",
    "prepared_statements": "leave it out",
    "ssl": "write sslmode",
    "sslaccept": "write sslmode",
    "encoding": "write client_encoding",
    "charset": "write client_encoding",
}
"""What other programs' URLs say and libpq does not know; any other word may be a part of a password."""


def _not_libpqs(conninfo: str) -> str:
    """Which word of another program's URL libpq does not know, and what to write."""
    words = [part.partition("=")[0] for part in conninfo.partition("?")[2].split("&")]
    told = [f"; libpq knows no {word}: {_OF_OTHERS[word]}" for word in words if word in _OF_OTHERS]
    return "".join(told[:1])


@dataclass(slots=True)
class DatabaseOptions:
    """The options before the command, which say what database it is about; click's context carries them."""

    url: str | None = None
    """None where the user named none."""
    embedded: str | None = None
    """The folder of an embedded server, "" for one that is thrown away; None for no such server."""
    schema: str = "public"
    target: Target | None = None
    """What they led to, once asked: a command has one target, and starts one server."""

    def __post_init__(self) -> None:
        require_schema(self.schema)

    @property
    def named(self) -> bool:
        """Whether the user named a database, and not the environment."""
        return self.url is not None or self.embedded is not None

    @classmethod
    def of(cls, context: click.Context) -> DatabaseOptions:
        """Those of the command line that `context` belongs to."""
        return context.find_root().ensure_object(cls)


def from_context(context: click.Context, *, keeps: str = "") -> Target:
    """The target that the options before the command name; starts the embedded server if they ask for it.

    `keeps`: what needs a session of its own there. Where the address alone tells of a pooler, that is said
    before anything connects.
    """
    options = DatabaseOptions.of(context)
    if options.target is None:
        options.target = _resolve(context.find_root(), options)
    if keeps and (told := options.target.pooler()):
        import click

        click.echo(f"{told}; {keeps} needs a session of its own", err=True)
    return options.target


def _resolve(root: click.Context, options: DatabaseOptions) -> Target:
    if options.embedded is None:
        return resolve(options.url, options.schema)
    if options.url is not None:
        raise UsageError("--url and --embedded exclude each other: name one database")
    from nosender.server.embedded import EmbeddedServer

    server = EmbeddedServer(directory=Path(options.embedded) if options.embedded else None)
    root.call_on_close(server.stop)
    return Target(server.conninfo(), options.schema)


def resolve(url: str | None, schema: str) -> Target:
    """The database of `url`, else of the environment; UsageError where nothing is named."""
    named = url or os.environ.get("NOSENDER_URL") or os.environ.get("DATABASE_URL")
    if named:
        return Target(_plain(named), schema)
    if any(os.environ.get(name) for name in _LIBPQ_VARIABLES.values()):
        return Target("", schema)
    raise UsageError(
        "no database is named: give --url before the command, set NOSENDER_URL, DATABASE_URL or libpq's "
        "PG variables, or use --embedded for a throw-away server"
    )


def named_nodes(given: Iterable[str], schema: str) -> dict[str, Target]:
    """The servers of --node, by their numbers; UsageError for what is none."""
    found: dict[str, Target] = {}
    for each in given:
        name, sign, url = each.partition("=")
        if not (name and sign and url) or name in found:
            raise UsageError("--node is written N=URL, once for each node: --node 1=postgresql://…")
        found[name] = resolve(url, schema)
    return found


def nodes_of(given: Iterable[str], schema: str, *, every_node: bool) -> dict[str, Target] | None:
    """The same for a command with --every-node; None where it is not asked for."""
    if not every_node and tuple(given):
        raise UsageError("--node is for --every-node.")
    return named_nodes(given, schema) if every_node else None


ONE_SERVER = "one server: Citus does not distribute this database, so there is no other node to look at"


def _plain(url: str) -> str:
    """The URL without SQLAlchemy's driver name, which applications keep in DATABASE_URL."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme.partition("+")[0] in ("postgresql", "postgres"):
        return f"postgresql://{rest}"
    return url
