"""Proves that each check can fail: plants its bad example in a scratch database and looks for it there.

With a project, its tables stand there too. Its own checks have no tests of ours behind them, so they are held
to all of their examples; and into each of its tables goes a column that nobody declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from nosender.privacy_audit.finding import Outcome

if TYPE_CHECKING:
    from nosender.privacy_audit.check import Loaded
    from nosender.privacy_audit.snapshot.snapshot import Snapshot
    from nosender.project.frozen import Frozen
    from nosender.schema.catalogue.model import Catalogue
    from nosender.server.target import Target

NAME = "nosender selftest"
PLANTED = "planted_sender"
"""The column that goes into each table of a project's, and the check that finds it."""
UNDECLARED = "undeclared-column"


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one planted leak."""

    check: str
    passed: bool
    words: str
    """What was found, or what was missed."""


@dataclass(frozen=True, slots=True)
class Unheld:
    """Where a check answers otherwise than its examples say."""

    file: str
    words: str


@dataclass(frozen=True)
class Field:
    """A database to plant in, and what is declared of it; each trial has a copy of its own."""

    server: str
    """The conninfo of a role that may create databases."""
    template: str
    schema: str
    catalogue: Catalogue
    frozen: Frozen | None = None
    """What a project's objects look like."""

    @contextmanager
    def copy(self) -> Iterator[Copy]:
        """A copy, dropped at the end."""
        from nosender.server.scratch import scratch_database
        from nosender.server.target import Target

        with scratch_database(self.server, template=self.template) as scratch:
            yield Copy(self, Target(scratch, self.schema))

    @cached_property
    def unplanted(self) -> Snapshot:
        """What is seen before anything is planted."""
        with self.copy() as copy:
            return copy.look()


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of the field."""

    field: Field
    target: Target

    def run(self, text: str) -> None:
        """Run an example as a person does, with the schema first in the search_path."""
        from nosender.schema.observe.quoting import quoted

        with self.target.connect(NAME, autocommit=True) as owner:
            owner.set_for_session("search_path", quoted(self.field.schema))
            owner.execute(text.encode())

    def look(self) -> Snapshot:
        """What an audit sees now."""
        from nosender.privacy_audit.reading import read_snapshot

        field = self.field
        # the owner: who gave rights up by SET ROLE is not believed to have none
        with self.target.connect(NAME, reading=True) as reader:
            return read_snapshot(reader, field.schema, field.catalogue, frozen=field.frozen).snapshot


def trials(checks: Iterable[Loaded], theirs: Callable[[str], Field] | None = None) -> Iterator[Trial]:
    """One trial for each check, on an embedded server that is gone afterwards.

    `theirs` makes the field with a project's tables, on the server of a conninfo; each of those tables has a
    trial too.
    """
    from nosender.server.embedded import EmbeddedServer

    checks = tuple(checks)
    with EmbeddedServer(settings={"max_prepared_transactions": "4"}) as server:
        both = theirs(server.conninfo()) if theirs is not None else None
        # our examples name the schema public
        ours = both if both is not None and both.schema == "public" else _ours_alone(server.conninfo())
        for loaded in checks:
            if loaded.check.whose is None:
                yield _trial(loaded, ours)
        if both is not None:
            yield from (_own_trial(loaded, both) for loaded in checks if loaded.check.whose is not None)
            yield from _table_trials(checks, both)


def _ours_alone(server: str) -> Field:
    from nosender.schema import catalogue, ddl

    target = new_database(server, "nosender_selftest", "public")
    with target.connect(NAME) as connection:
        ddl.load(connection, "public")
    return Field(server, "nosender_selftest", "public", catalogue.load())


def new_database(server: str, name: str, schema: str) -> Target:
    """An empty database of that name, which stays as long as its server."""
    from nosender.server.target import Target, resolve

    with Target(server).connect(NAME, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
    return resolve(psycopg.conninfo.make_conninfo(server, dbname=name), schema)


def _trial(loaded: Loaded, field: Field) -> Trial:
    """One of ours: what is planted is found, beside what a project's own tables show already."""
    from nosender.privacy_audit.runner import ask

    standing = {each.object for each in ask(loaded, field.unplanted)[1]}
    with field.copy() as copy:
        copy.run(loaded.example("bad.sql"))
        result, findings = ask(loaded, copy.look())
        copy.run(loaded.example("fix.sql"))  # what is of the whole server would be seen by the next
    found = tuple(sorted({each.object for each in findings} - standing))
    expected = loaded.expected()
    words = ", ".join(found) if found == expected else f"found {found}, planted {expected}"
    return Trial(loaded.check.slug, found == expected and result.reason is None, words)


def _own_trial(loaded: Loaded, field: Field) -> Trial:
    missed = next(unheld(loaded, field), None)
    words = missed.words if missed is not None else ", ".join(loaded.expected())
    return Trial(loaded.check.slug, missed is None, words)


def unheld(loaded: Loaded, field: Field) -> Iterator[Unheld]:
    """Where a check misses its bad example, or finds anything before it, after the fix or in good.sql."""
    wanted = loaded.expected()
    if not wanted:
        yield Unheld("bad.sql", "bad.sql has no line `-- finds: OBJECT`, so it proves nothing.")
        return
    for examples in (("check.py", "bad.sql", "fix.sql"), ("good.sql",)):
        with field.copy() as copy:
            for number, file in enumerate(examples):
                try:
                    if file != "check.py":
                        copy.run(loaded.example(file))
                except psycopg.Error as error:
                    yield Unheld(file, f"{file} cannot be run: {_sentence(error)}.")
                    break
                told = _answered(loaded, copy.look(), wanted if file == "bad.sql" else ())
                if told is not None:
                    run = " and ".join(examples[: number + 1]).removeprefix("check.py and ")
                    yield Unheld(file, f"After {run if file != 'check.py' else 'nothing'} it {told}.")


def _answered(loaded: Loaded, snapshot: Snapshot, wanted: tuple[str, ...]) -> str | None:
    """What is wrong with a check's answer; None where it is the wanted one."""
    from nosender.privacy_audit.runner import ask

    result, findings = ask(loaded, snapshot)
    if result.outcome is Outcome.ERROR or (wanted and result.reason is not None):
        return f"cannot look: {result.reason}"
    found = tuple(sorted(each.object for each in findings))
    if found == wanted:
        return None
    return f"finds {', '.join(found) or 'nothing'}; planted is {', '.join(wanted) or 'nothing'}"


def _sentence(error: psycopg.Error) -> str:
    return (error.diag.message_primary or type(error).__name__).rstrip(".")


def _table_trials(checks: tuple[Loaded, ...], field: Field) -> Iterator[Trial]:
    """A column that nobody declared, in each table of a project's; none where that check is not asked for."""
    from nosender.privacy_audit.runner import ask
    from nosender.schema.observe.quoting import qualified

    loaded = next((each for each in checks if each.check.slug == UNDECLARED), None)
    if loaded is None or field.frozen is None:
        return
    tables = [
        qualified(each.schema, each.name)
        for each in field.frozen.observation.relations
        if each.kind in ("table", "partitioned table") and each.partition_bound is None and not each.of_type
    ]
    with field.copy() as copy:
        for table in tables:
            copy.run(f"alter table {table} add column {PLANTED} text")
        found = {each.object for each in ask(loaded, copy.look())[1]}
    for table in tables:
        column = f"{table}.{PLANTED}"
        yield Trial(UNDECLARED, column in found, column if column in found else f"planted {column}")
