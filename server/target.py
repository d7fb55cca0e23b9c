"""Where the database is, and how every command of ours connects to it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nosender.errors import NosenderError, UsageError
from nosender.server.binaries import OLDEST_MAJOR

if TYPE_CHECKING:
    import click
    import psycopg

_CONNECT_SECONDS = 10
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

    def connect(self, application_name: str, *, autocommit: bool = False) -> psycopg.Connection:
        """Open a session in UTC; failing, it says why in one sentence without a password in it.

        `application_name` is what a DBA sees in pg_stat_activity: `nosender audit`.
        """
        import psycopg

        parameters = self._parameters()
        fixed = {"application_name": application_name, "options": _in_utc(parameters.get("options"))}
        if "connect_timeout" not in parameters and "PGCONNECT_TIMEOUT" not in os.environ:
            fixed["connect_timeout"] = str(_CONNECT_SECONDS)
        try:
            connection = _connect(self.conninfo, autocommit, fixed)
        except psycopg.OperationalError as error:
            raise NosenderError(f"cannot connect to {self.describe()}: {_reason(error)}") from None
        if connection.info.server_version < OLDEST_MAJOR * 10000:
            version = connection.info.parameter_status("server_version")
            connection.close()
            raise NosenderError(
                f"the server of {self.describe()} is PostgreSQL {version}; "
                f"{OLDEST_MAJOR} is the oldest that is supported"
            )
        if connection.info.parameter_status("TimeZone") != "UTC":  # the pooler took no options
            connection.execute("set timezone to 'UTC'")
            if not autocommit:
                connection.commit()
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

    def _parameters(self) -> dict[str, str]:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        try:
            return {
                key: str(value) for key, value in conninfo_to_dict(self.conninfo).items() if value is not None
            }
        except psycopg.ProgrammingError:
            # libpq's own message repeats the string, and with it a password.
            raise UsageError(
                "the database URL does not parse: write postgresql://USER@HOST:PORT/DATABASE, with special "
                "characters percent-encoded, or a libpq connection string"
            ) from None


def _connect(conninfo: str, autocommit: bool, fixed: dict[str, str]) -> psycopg.Connection:
    """A session, with our options at its start or, where a pooler takes none, without."""
    import psycopg

    try:
        return psycopg.connect(conninfo, autocommit=autocommit, **fixed)  # type: ignore[arg-type]
    except psycopg.OperationalError as error:
        if fixed["options"] != _in_utc("") or "unsupported startup parameter" not in str(error):
            raise
        return psycopg.connect(conninfo, autocommit=autocommit, **fixed | {"options": ""})  # type: ignore[arg-type]


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

    @property
    def named(self) -> bool:
        """Whether the user named a database, and not the environment."""
        return self.url is not None or self.embedded is not None

    @classmethod
    def of(cls, context: click.Context) -> DatabaseOptions:
        """Those of the command line that `context` belongs to."""
        return context.find_root().ensure_object(cls)


def from_context(context: click.Context) -> Target:
    """The target that the options before the command name; starts the embedded server if they ask for it."""
    options = DatabaseOptions.of(context)
    if options.target is None:
        options.target = _resolve(context.find_root(), options)
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


def _plain(url: str) -> str:
    """The URL without SQLAlchemy's driver name, which applications keep in DATABASE_URL."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme.partition("+")[0] in ("postgresql", "postgres"):
        return f"postgresql://{rest}"
    return url


def _in_utc(options: str | None) -> str:
    """The caller's session options and UTC: stored times are UTC, and a write from elsewhere is refused."""
    return f"{options or os.environ.get('PGOPTIONS', '')} -c TimeZone=UTC".strip()


def _reason(error: Exception) -> str:
    """The last line of libpq's message, which names the cause; the lines before repeat the address."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
