"""Runs pending revisions on a scratch copy of the schema, and notes what PostgreSQL really does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import Cursor, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from nosender.errors import IncompleteError
from nosender.migrations.apply import refusal
from nosender.migrations.checksum import sql_tokens
from nosender.migrations.leaned_on import LeanedOn, leaned_on
from nosender.migrations.revision_module import run_module
from nosender.migrations.revisions import RevisionError
from nosender.schema.observe.reference import OUR_ROLES
from nosender.terminal_text import visible

if TYPE_CHECKING:
    import re
    from pathlib import Path

    from nosender.migrations.revisions import Revision
    from nosender.server.target import Target

# From the weakest to the strongest, and what each keeps others from.
MODES = {
    "AccessShareLock": ("ACCESS SHARE", "nothing but DROP and most ALTER TABLE"),
    "RowShareLock": ("ROW SHARE", "nothing but strong locks"),
    "RowExclusiveLock": ("ROW EXCLUSIVE", "index builds that are not concurrent"),
    "ShareUpdateExclusiveLock": (
        "SHARE UPDATE EXCLUSIVE",
        "other schema changes and vacuum, no reads, no writes",
    ),
    "ShareLock": ("SHARE", "writes"),
    "ShareRowExclusiveLock": ("SHARE ROW EXCLUSIVE", "writes"),
    "ExclusiveLock": ("EXCLUSIVE", "writes"),
    "AccessExclusiveLock": ("ACCESS EXCLUSIVE", "reads and writes"),
}
_STRENGTH = {name: number for number, (name, _) in enumerate(MODES.values())}
_BY_STRENGTH = list(MODES.values())


@dataclass(frozen=True, slots=True)
class Lock:
    """The strongest lock that a statement took on a relation that others may be using."""

    relation: str
    mode: str
    blocks: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What one statement did on the scratch copy."""

    revision: str
    number: int
    """Within the revision, from 1."""
    sql: str
    transactional: bool
    measured: bool
    """False where a statement outside transactions leaves its locks before one can look."""
    locks: tuple[Lock, ...]
    rewrites: tuple[str, ...]
    """Relations whose rows are all written anew."""
    scans: tuple[str, ...]
    """Relations that are read from end to end."""


_RELATIONS = """
    select
        c.oid,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
        case when c.relkind in ('r', 'p', 'm') then c.relfilenode else 0 end,
        case
            when c.relkind in ('r', 'p', 'm') then coalesce(pg_catalog.pg_stat_get_xact_numscans(c.oid), 0)
            else 0
        end,
        -- the table of an index, and of a sequence that a column owns
        coalesce(
            i.indrelid,
            (
                select d.refobjid from pg_catalog.pg_depend as d
                where
                    c.relkind = 'S' and d.objid = c.oid and d.deptype in ('a', 'i')
                    and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            )
        )
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    left join pg_catalog.pg_index as i on i.indexrelid = c.oid
    where
        c.oid >= 16384
        and c.relkind in ('r', 'p', 'm', 'v', 'f', 'i', 'I', 'S')
        and n.nspname !~ '^pg_toast'
"""

_LOCKS = """
    select l.relation, l.mode
    from pg_catalog.pg_locks as l
    where l.locktype = 'relation' and l.granted and l.pid = pg_catalog.pg_backend_pid()
"""


class Rehearsal:
    """A scratch database in which revisions are run one after another."""

    def __init__(self, connection: psycopg.Connection, schema: str) -> None:
        """`connection` leads to the copy of `schema`, which holds no rows and no users."""
        self._connection = connection
        self._schema = schema

    def run(self, revision: Revision) -> list[Seen]:
        """Apply one revision; NosenderError where PostgreSQL refuses it even on empty tables."""

        schema = self._schema
        try:
            with self._connection.transaction():
                path = revision.search_path(schema)
                self._connection.execute("select pg_catalog.set_config('search_path', %s, false)", (path,))
            if revision.transactional:
                return self._transactional(revision)
            return [
                self._step(revision, step.number, revision.rendered(step.sql, schema))
                for step in revision.steps("up")
            ]
        except psycopg.Error as error:
            raise RevisionError(
                f"revision {revision.revision} fails in rehearsal: {refusal(error)}; nothing was changed",
                revision.revision,
            ) from error

    def _transactional(self, revision: Revision) -> list[Seen]:
        with self._connection.transaction(), self.noting(revision.revision) as (seen, ready):
            run_module(self._connection, self._schema, revision, "up", ready)
        return seen

    @contextmanager
    def noting(self, revision: str) -> Iterator[tuple[list[Seen], Callable[[], None]]]:
        """What each statement does that somebody runs on the connection, from when the second is called."""
        seen: list[Seen] = []
        looking = True  # until the revision's own statements come

        class Noting(Cursor[Any]):
            """Runs a script statement by statement and looks at the session after each."""

            def execute(cursor, query: Any, params: Any = None, **options: Any) -> Any:  # noqa: N805
                nonlocal looking
                if looking or not isinstance(query, str | bytes):
                    return super().execute(query, params, **options)
                text = query.decode() if isinstance(query, bytes) else query
                for statement in [text] if params else statements(text):
                    looking = True
                    try:
                        before = self._state()
                        super().execute(statement, params, **options)
                        after = self._state()
                    finally:
                        looking = False
                    seen.append(_compare(revision, len(seen) + 1, statement, before, after, known))
                return cursor

        def ready() -> None:
            nonlocal looking
            looking = False

        connection = self._connection
        known = set(self._state().names)
        connection.cursor_factory = Noting
        try:
            yield seen, ready
        finally:
            connection.cursor_factory = Cursor

    def _step(self, revision: Revision, number: int, text: str) -> Seen:

        connection = self._connection
        try:
            with connection.transaction(), Cursor(connection) as cursor:
                before = self._state()
                cursor.execute(text.encode())
                after = self._state()
                return _compare(
                    revision.revision, number, text, before, after, set(before.names), transactional=False
                )
        except psycopg.errors.ActiveSqlTransaction:
            pass  # PostgreSQL says itself what cannot be in a transaction
        connection.autocommit = True
        try:
            connection.execute(text.encode())
        finally:
            connection.autocommit = False
        return Seen(revision.revision, number, text, False, False, *_alone(text, before))

    def _state(self) -> _State:

        with Cursor(self._connection) as cursor:
            rows = cursor.execute(_RELATIONS).fetchall()
            locks = cursor.execute(_LOCKS).fetchall()
        held: dict[int, set[int]] = {}
        for relation, mode in locks:
            held.setdefault(relation, set()).add(_STRENGTH[MODES[mode][0]])
        return _State(
            {row[0]: row[1] for row in rows},
            {row[0]: row[2] for row in rows},
            {row[0]: row[3] for row in rows},
            {row[0]: row[4] for row in rows if row[4] is not None},
            held,
        )


@dataclass(frozen=True, slots=True)
class _State:
    names: dict[int, str]
    files: dict[int, int]
    """Where the rows are, by relation; 0 where it has none."""
    scans: dict[int, int]
    """How often it was read from end to end."""
    tables: dict[int, int]
    """The table that an index or a sequence belongs to."""
    locks: dict[int, set[int]]
    """Every mode that is held, as its strength."""

    def named(self, text: str) -> list[int]:
        """The tables that a statement names, themselves or by an index."""
        words = set(sql_tokens(text.lower()))
        found = [oid for oid, name in self.names.items() if {name, name.rpartition(".")[2]} & words]
        return list(dict.fromkeys(self.tables.get(oid, oid) for oid in found))


def _compare(
    revision: str,
    number: int,
    text: str,
    before: _State,
    after: _State,
    known: set[int],
    *,
    transactional: bool = True,
) -> Seen:
    """What changed on the relations that stood before the revision: nobody waits for a new one."""
    rewrites = {o for o, file in after.files.items() if o in known and before.files.get(o) != file}
    scans = {o for o, count in after.scans.items() if o in known and count > before.scans.get(o, 0)}
    if sql_tokens(text)[:1] and sql_tokens(text)[0].lower() == "truncate":
        scans = set()  # what counts is the building of its indexes, on nothing
    # Others wait for the strongest that is held, also where the statement before took it.
    touched = {o for o, held in after.locks.items() if held - before.locks.get(o, set())} | rewrites | scans
    strongest = {o: max(after.locks[o]) for o in touched if o in known and o in before.names}
    locks = [
        Lock(before.names[o], *_BY_STRENGTH[strength])
        for o, strength in strongest.items()
        # who waits for the table waits for its index anyway
        if strength > strongest.get(before.tables.get(o, 0), -1)
    ]
    return Seen(
        revision,
        number,
        text,
        transactional,
        True,
        _sorted(locks),
        tuple(sorted(after.names[o] for o in rewrites)),
        tuple(sorted(after.names[o] for o in scans)),
    )


def _alone(text: str, before: _State) -> tuple[tuple[Lock, ...], tuple[str, ...], tuple[str, ...]]:
    """Locks, rewrites and scans as the manual says, since the locks are gone when one can look."""
    tokens = [token.lower() for token in sql_tokens(text)]
    tables = before.named(text)
    found = [before.names[oid] for oid in tables]
    full = tokens[0] == "cluster" or "full" in tokens
    modes = dict.fromkeys(found, "AccessExclusiveLock" if full else "ShareUpdateExclusiveLock")
    if "detach" in tokens:  # the partition, at the end and for a moment
        part = tokens[tokens.index("partition") + 1]
        modes |= {name: "AccessExclusiveLock" for name in found if part in (name, name.rpartition(".")[2])}
    locks = _sorted([Lock(name, *MODES[mode]) for name, mode in modes.items()])
    written = tuple(sorted(found)) if full else ()
    return locks, written, written


def _sorted(locks: list[Lock]) -> tuple[Lock, ...]:
    return tuple(sorted(locks, key=lambda lock: (-_STRENGTH[lock.mode], lock.relation)))


def statements(text: str) -> list[str]:
    """The statements of a script; the script as one where PostgreSQL's parser does not take it."""
    import postgast

    try:
        found: list[str] = postgast.split(text)
    except postgast.PgQueryError:
        return [text]
    return found


@dataclass(frozen=True, slots=True)
class Copy:
    """A scratch copy of a schema, and a connection to it."""

    target: Target
    connection: psycopg.Connection


@contextmanager
def scratch_copy(target: Target, scratch: str | None, more: Sequence[str] = ()) -> Iterator[Copy]:
    """A connection to an empty-handed copy of the target's schema, dropped at the end.

    On `scratch`, a server for the purpose, else on an embedded one. IncompleteError where the schema
    cannot be copied.
    """
    from nosender.server.embedded import EmbeddedServer

    if scratch is None:
        with EmbeddedServer() as server:
            yield from _copied(target, server.conninfo(), more)
    else:
        yield from _copied(target, scratch, more)


def _copied(target: Target, scratch: str, more: Sequence[str]) -> Iterator[Copy]:
    """What is copied was written by whoever may write there, so it belongs to a role without rights."""
    from nosender.server.scratch import plain_owner, scratch_database
    from nosender.server.target import Target

    with target.connect("nosender db plan", reading=True) as live:
        part, oldest = leaned_on(live, target.schema, *more), live.info.server_version // 10000
    with Target(scratch).connect("nosender db plan", autocommit=True) as admin:
        dump = _dump(target, part, _pg_dump(oldest, admin.info.server_version // 10000))
        for role in OUR_ROLES:  # of the cluster, and so in no dump
            if not admin.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone():
                admin.execute(sql.SQL("create role {}").format(sql.Identifier(role)))
    with (
        plain_owner(scratch, OUR_ROLES) as (owner, plain),
        scratch_database(scratch, owner=owner) as conninfo,
    ):
        own = make_conninfo(plain, dbname=conninfo_to_dict(conninfo)["dbname"])
        with Target(own).connect("nosender db plan", autocommit=True) as connection:
            try:
                _prepare(connection, conninfo, part)
                connection.execute(dump.encode())
            except psycopg.Error as error:
                raise IncompleteError(
                    f"the schema cannot be copied for the rehearsal: {refusal(error)}"
                ) from error
            connection.execute("reset all")  # to what it began with
            connection.autocommit = False
            yield Copy(Target(own, target.schema), connection)


def _prepare(connection: psycopg.Connection, conninfo: str, part: LeanedOn) -> None:
    """Make the schemas and extensions; those that only a superuser may make, as who `conninfo` names."""
    from nosender.server.target import Target

    for schema in {*part.schemas, *(home for _, home in part.extensions)}:
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    for name, home in part.extensions:
        made = sql.SQL("create extension if not exists {} with schema {} cascade").format(
            sql.Identifier(name), sql.Identifier(home)
        )
        try:
            connection.execute(made)
        except psycopg.errors.InsufficientPrivilege:
            with Target(conninfo).connect("nosender db plan", autocommit=True) as admin:
                admin.execute(made)


def _dump(target: Target, part: LeanedOn, pg_dump: Path) -> str:
    """The target's schema and what it leans on as SQL, without owners, rights and rows."""
    import subprocess

    from nosender.server.own_server import clean_environment, cluster_name

    given = {key: str(value) for key, value in conninfo_to_dict(target.conninfo).items() if value is not None}
    environment = clean_environment()
    if cluster_name(given) is None:  # libpq's own variables are a part of the address
        environment |= {name: value for name, value in os.environ.items() if name.startswith("PG")}
    password = given.pop("password", "")
    if password:  # never on a command line, where every user of the machine can read it
        environment["PGPASSWORD"] = password
    environment["PGAPPNAME"] = "nosender db plan"
    parts = [f"--schema={_pattern(name)}" for name in part.schemas]
    parts += [f"--extension={_pattern(name)}" for name, _ in part.extensions]
    command = [
        str(pg_dump), *parts, "--schema-only", "--no-owner", "--no-privileges", "--no-publications",
        "--no-subscriptions", "--no-security-labels", "--no-tablespaces", "--no-comments",
        "--lock-wait-timeout=5000", "-d", make_conninfo(**given),
    ]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise IncompleteError(f"the schema cannot be read for the rehearsal: {dump_cause(done.stderr)}")
    return restorable(done.stdout)


def restorable(dump: str) -> str:
    """What pg_dump wrote, without psql's own commands and what no other server takes."""
    import re

    text = re.sub(r"(?m)^\\(un)?restrict .*$", "", dump)
    text = re.sub(r"(?m)^(ALTER TABLE .* ALTER COLUMN .*) SET \((.*)\);$", _options_of_people, text)
    # public is in the copy already
    return re.sub(r"(?m)^CREATE SCHEMA ", "CREATE SCHEMA IF NOT EXISTS ", text)


def _options_of_people(found: re.Match[str]) -> str:
    """A column's options without the server's own note, which only a pg_dump of its day leaves out."""
    kept = [option for option in found[2].split(", ") if not option.startswith("pg_attver=")]
    return f"{found[1]} SET ({', '.join(kept)});" if kept else ""


def _pattern(name: str) -> str:
    """A name as pg_dump takes it: within quotes no sign has a meaning of its own but the quote."""
    return '"' + name.replace('"', '""') + '"'


def _pg_dump(oldest: int, major: int) -> Path:
    """The pg_dump that fits: no older than the target's server and, if it can be, no newer than the copy's.

    What a newer one writes, an older server may not know; the one of the target's own release knows it best.
    """
    from nosender.server.binaries import all_binaries, find_binaries

    fitting = {
        found.major: path
        for found in all_binaries()
        if oldest <= found.major <= max(oldest, major) and (path := found.bindir / "pg_dump").exists()
    }
    return fitting[min(fitting)] if fitting else find_binaries().program("pg_dump")


def dump_cause(report: str) -> str:
    """Why pg_dump failed: what it says first, and what the server answered to that."""
    from nosender.server.refused_connections import cause

    lines = [line.partition("error: ")[2] or line for line in report.splitlines() if "warning:" not in line]
    lines = [line for line in lines if not line.startswith(("pg_dump: detail: ", "pg_dump: hint: "))]
    return visible(cause("\n".join(lines)))
