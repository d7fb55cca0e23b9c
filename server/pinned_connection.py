"""A session in which nothing that is stored in a database, for it or for a role, changes what is read.

The settings go along as startup options, which beat whatever ALTER DATABASE and ALTER ROLE have stored. A
pooler that takes none lends a session of somebody else's: there every transaction begins with them, for
itself alone, and nothing of ours stays in the session when it goes back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.abc import PQGen, QueryNoTemplate
from psycopg.pq import Format, TransactionStatus

from nosender.errors import NosenderError

PINNED: Mapping[str, str] = {
    # Two entries: a pg_temp that is not named comes first for types. What is ours is named with its schema.
    "search_path": "pg_catalog, pg_temp",
    "client_encoding": "UTF8",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "escape_string_warning": "on",
    "transform_null_equals": "off",
    "array_nulls": "on",
    "xmlbinary": "base64",
    "xmloption": "content",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "timezone_abbreviations": "Default",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "row_security": "off",  # a policy that would hide rows is an error, and never fewer rows
    "constraint_exclusion": "off",  # else the planner works out the constants of a table's CHECKs
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",  # else a transaction waits for others before it begins
    "exit_on_error": "off",
    "jit": "off",  # what ours ask takes longer to compile than to answer, by minutes at stored costs of 0
    "check_function_bodies": "on",
    "plpgsql.extra_errors": "none",
    "plpgsql.extra_warnings": "none",
}
"""What changes how text is read or written, or what a statement sees."""

READING: Mapping[str, str] = {"default_transaction_read_only": "on"}
"""Of a command that only reads."""

_FIRST_ONLY = {"local_preload_libraries": ""}  # cannot be set later; a library that is not there ends a start

# A limit that the user names in the URL or in PGOPTIONS is kept.
LIMITS: Mapping[str, str] = {
    "lock_timeout": "5s",
    # against a session that was forgotten, and ours is not
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""How long any of our sessions waits."""
READING_LIMITS: Mapping[str, str] = {
    "statement_timeout": "5min",
    "idle_in_transaction_session_timeout": "10min",
}
"""The same of a command that only reads; one that writes is held to what its role is."""

RESTRICTED = "restrict_nonsystem_relation_kind"
"""What pg_dump sets, too; the first minor releases of 15 and 16 do not know it."""

UNTIL_THE_END = "transaction_timeout"
"""What ends one that only reads, however quick its statements are; 17 is the first that knows it."""

_SPECIAL = {"client_encoding"}  # a parameter of the protocol, which no pooler refuses


def startup_options(given: str, *, reading: bool) -> str:
    """The `options` of a connection: our limits, what the user gave, our settings; the last wins."""
    limits = {**LIMITS, **(READING_LIMITS if reading else {})}
    pins = {**PINNED, **_FIRST_ONLY, **(READING if reading else {})}
    words = [_option(name, value) for name, value in limits.items()]
    if given:
        words.append(given)
    words += [_option(name, value) for name, value in pins.items() if name not in _SPECIAL]
    return " ".join(words)


def local_settings(settings: Mapping[str, str]) -> sql.Composed:
    """The statement that gives them to one transaction."""
    # No operator in it, which would be looked up in whatever path the session has.
    values = sql.SQL(", ").join(
        sql.SQL("pg_catalog.set_config({}, {}, true)").format(sql.Literal(name), sql.Literal(value))
        for name, value in settings.items()
    )
    return sql.SQL("select {}").format(values)


def _option(name: str, value: str) -> str:
    escaped = "".join(f"\\{each}" if each in " \\" else each for each in value)
    return f"-c {name}={escaped}"


class PinnedCursor(psycopg.Cursor[Any]):
    """Takes a percent sign in a name for what it is, where values go along."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query if params is None else _doubled(query), params, **options)

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        super().executemany(_doubled(query), params_seq, **options)

    def stream(self, query: Any, params: Any = None, **options: Any) -> Iterator[Any]:
        return super().stream(query if params is None else _doubled(query), params, **options)


def _doubled(query: Any) -> Any:
    """The query with each percent sign of a name or constant doubled, as psycopg wants it beside values."""
    if isinstance(query, sql.Composed):
        return sql.Composed([_doubled(each) for each in query])
    if isinstance(query, sql.Identifier | sql.Literal):
        return sql.SQL(cast(Any, query.as_string(None).replace("%", "%%")))
    return query


class PinnedConnection(psycopg.Connection[Any]):
    """Begins each transaction with what the session could not be given at its start."""

    lent: bool = False
    """A pooler took none of our options, so the session may be another's after each transaction."""
    begin: tuple[bytes, ...] = ()
    """The first statements of every transaction."""
    first: tuple[bytes, ...] = ()
    """What comes even before those, and before the snapshot: locks."""
    still: frozenset[tuple[str, str]] | None = None
    """Schema and name of the tables that each transaction holds; None where it need hold none."""
    own: bool = False
    """It has been seen that the session stays ours, though a pooler lends it."""
    reading: bool = False
    """It belongs to a command that only reads."""
    restricts: bool = False
    """The server can be told to read no view and no foreign table but its own."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.cursor_factory = PinnedCursor
        self._local: dict[str, str] = {}
        self._kept: set[str] = set()

    def _exec_command(self, command: QueryNoTemplate, result_format: Format = Format.TEXT) -> PQGen[Any]:
        result = yield from super()._exec_command(command, result_format)
        if isinstance(command, bytes) and command.startswith(b"BEGIN"):
            for each in (*self.first, *self.begin):
                yield from super()._exec_command(each)
        return result

    def _start_query(self) -> PQGen[None]:
        idle = self.pgconn.transaction_status == TransactionStatus.IDLE
        if self.lent and not self.own and self._autocommit and idle:
            raise NosenderError(POOLED.format(what="this command"))
        yield from super()._start_query()

    def begin_with_settings(self, *, lent: bool) -> None:
        """Have each transaction begin with what it needs; `lent`: the session may be somebody else's then."""
        self.lent = lent
        local = dict(self._settings()) if lent else {}
        if self.restricts:
            local[RESTRICTED] = "view, foreign-table"
        if lent:
            self.prepare_threshold = None  # what is prepared stays in the session
        self.add_to_begin(local)

    def add_to_begin(self, settings: Mapping[str, str]) -> None:
        """Have each transaction begin with these settings, too."""
        self._local |= settings
        self.begin = (local_settings(self._local).as_bytes(self),) if self._local else ()

    def import_snapshot(self, name: str) -> None:
        """Have each transaction see what the one sees that exported this snapshot."""
        statement = sql.SQL("set transaction snapshot {}").format(sql.Literal(name))
        self.begin = (statement.as_bytes(self), *self.begin)

    def keep(self) -> None:
        """The session is ours until it ends: set what it was not given, also outside of transactions."""
        if self.lent and not self.own:
            self.own = True
            for name, value in self._settings():
                if name != "transaction_read_only":  # of one transaction: each begins with it
                    self.set_for_session(name, value)

    def set_for_session(self, name: str, value: str) -> None:
        """Set something for the rest of the session.

        It is taken back when the session is closed, which a pool in session mode may keep.
        """
        with self.transaction():
            self.execute("select pg_catalog.set_config(%s, %s, false)", [name, value])
        if self.lent:
            self._kept.add(name)

    def _settings(self) -> Iterator[tuple[str, str]]:
        pins = {**PINNED, **LIMITS}
        if self.reading:
            # What the transaction is, and not what the next would be: it has begun.
            pins |= {**READING_LIMITS, "transaction_read_only": "on"}
        yield from pins.items()

    def close(self) -> None:
        """Close it, and take back what was set for a session that a pool keeps."""
        if self._kept and not self.closed:
            with contextlib.suppress(psycopg.Error):
                self.rollback()
                self.autocommit = True
                for name in sorted(self._kept):
                    self.execute(sql.SQL(f"reset {name}"))  # names of ours
        super().close()


POOLED = (
    "the connection goes through a pooler that lends a session for one transaction only, where {what} "
    "cannot hold its lock: connect to the server itself, or to a pool in session mode"
)
