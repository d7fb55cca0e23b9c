"""A project's own chain of revisions beside ours: read, held against ours, and applied under our lock."""

from __future__ import annotations

import hashlib
import io
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.pool import NullPool

from nosender.errors import NosenderError, UsageError
from nosender.migrations import journal
from nosender.migrations.apply import Patience, refusal
from nosender.migrations.checksum import ALGORITHM
from nosender.migrations.revisions import Chain
from nosender.project.frozen import script_folder
from nosender.schema.observe.quoting import literal, qualified

if TYPE_CHECKING:
    from nosender.project import Project
    from nosender.project.frozen import Frozen
    from nosender.server.target import Target


def _silent(_line: str) -> None:
    """Tell nobody."""


REQUIRES = "requires_nosender"
"""What a revision of a project names: the revision of ours that has to stand before it."""
ENGINE = "connection"
"""Where a program leaves a connection or engine for an env.py, by Alembic's own cookbook."""


@dataclass(frozen=True)
class ProjectChain:
    """The revisions of one project."""

    name: str
    version_table: str
    scripts: ScriptDirectory

    @classmethod
    def load(cls, project: Project) -> ProjectChain | None:
        """The chain of a project; None where it has none. UsageError: two heads, a revision that cannot be
        read, or one that asks for what is no revision of ours.
        """
        own = project.own
        if own.alembic is None or own.version_table is None:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)  # a revision that follows none of them
                scripts = ScriptDirectory.from_config(config_of(project))
                heads = scripts.get_heads()
                revisions = list(scripts.walk_revisions())
        except (CommandError, UserWarning) as error:
            raise UsageError(f"{own.alembic}: {str(error).splitlines()[0]}") from None
        except UsageError:
            raise
        except SyntaxError as error:
            raise UsageError(f"{error.filename}:{error.lineno}: not Python: {error.msg}") from None
        except (Exception, SystemExit) as error:  # a module of theirs that falls over as it is read
            raise UsageError(f"{own.alembic}: its revisions cannot be read: {type(error).__name__}") from None
        if len(heads) > 1:
            raise UsageError(
                f"{own.alembic}: its chain has {len(heads)} heads ({', '.join(sorted(heads))}): run alembic "
                "merge, or let one follow the other"
            )
        chain = cls(project.name or "the project", own.version_table, scripts)
        known = {each.revision for each in Chain.load().revisions}
        for each in revisions:
            wanted = chain.requires(each)
            if wanted is not None and wanted not in known:
                raise UsageError(
                    f"{Path(each.path).name} asks for revision {wanted} of nosender, which this version does "
                    "not have: install a newer one, or correct it"
                )
        return chain

    @property
    def head(self) -> str | None:
        """The last revision."""
        return self.scripts.get_current_head()

    def requires(self, revision: Script) -> str | None:
        """The revision of ours that a revision of theirs needs, if it says so."""
        found = getattr(revision.module, REQUIRES, None)
        if found is not None and not isinstance(found, str):
            raise UsageError(f'{Path(revision.path).name}: {REQUIRES} is a text, such as "0009".')
        return found

    def refuse_early(self, goal: str | tuple[str, ...] | None, at: str | None) -> None:
        """UsageError where a revision up to `goal` needs one of ours that is not there; ours are at `at`."""
        ours = Chain.load()
        stands = ours.position_of(at)
        for each in self.scripts.iterate_revisions(goal or "base", "base"):
            wanted = self.requires(each)
            if wanted is not None and ours.position(wanted) > stands:
                raise UsageError(
                    f"revision {each.revision} of {self.name} needs revision {wanted} of nosender, and the "
                    f"database is at {at or 'base'}: run nosender db upgrade first"
                )

    def require_one_column(self, connection: psycopg.Connection[Any], schema: str) -> None:
        """UsageError where the version table is none: Alembic would read and write it all the same."""
        if not journal.exists(connection, schema, self.version_table):
            return
        row = connection.execute(
            """
            select pg_catalog.array_agg(a.attname::text order by a.attnum) from pg_catalog.pg_attribute as a
            inner join pg_catalog.pg_class as c on c.oid = a.attrelid
            inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
            where n.nspname = %s and c.relname = %s and a.attnum > 0 and not a.attisdropped
            """,
            (schema, self.version_table),
        ).fetchone()
        if row is None or row[0] != ["version_num"]:
            raise UsageError(
                f"{schema}.{self.version_table} has other columns than version_num, so it is no version "
                "table: name another as version_table, or drop them"
            )

    def record(self, schema: str, revision: str, direction: str) -> str:
        """The statement that writes one of their revisions into our journal, which keeps it by their name."""
        name = f"{self.name}:{revision}"[:64]
        return (
            f"insert into {qualified(schema, journal.JOURNAL)}"  # noqa: S608 (quoted)
            f" (revision, direction, algorithm, checksum)"
            f" values ({literal(name)}, {literal(direction)}, {ALGORITHM}, '{self.digest(revision)}')"
        )

    def digest(self, revision: str) -> str:
        """The hash of the file of one of their revisions."""
        path = Path(self.scripts.get_revision(revision).path)
        return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def promised(project: Project, schema: str) -> Frozen | None:
    """What the project's objects look like; UsageError where its files are stale or not right, whichever."""
    from nosender.project.declared import catalogue_of, frozen_of

    catalogue_of(project)
    ProjectChain.load(project)
    return frozen_of(project, schema)


def refuse_unfit(
    connection: psycopg.Connection[Any], schema: str, project: Project, ours: str | None
) -> None:
    """UsageError where a project's chain could not follow ours once they are at `ours`, before they move."""
    chain = ProjectChain.load(project)
    if chain is not None and ours is not None:
        chain.require_one_column(connection, schema)
        chain.refuse_early("head", ours)
        connection.commit()


def config_of(project: Project, out: TextIO | None = None) -> Config:
    """Alembic's configuration of a project, whatever folder it is asked from."""
    path = project.own.alembic
    if path is None:
        raise UsageError(f"{project.file or 'nosender.toml'} names no chain: say where its alembic.ini is.")
    config = Config(str(path), stdout=out or io.StringIO())
    config.set_main_option("script_location", str(script_folder(path).resolve()).replace("%", "%%"))
    return config


Around = Callable[[psycopg.Connection[Any]], AbstractContextManager[object]]
"""What stands around the work on a connection."""


def upgrade(
    target: Target,
    project: Project,
    patience: Patience | None = None,
    say: Callable[[str], None] = _silent,
    *,
    revision: str = "head",
    around: Around = nullcontext,
) -> str | None:
    """Apply a project's revisions, by its own env.py; its head.

    A lock that is not won is tried for again, as for ours. NosenderError: what the database or env.py
    refused; a revision that was applied stays.
    """
    return _move(target, project, command.upgrade, revision, patience or Patience(), say, around)


def downgrade(target: Target, project: Project, revision: str = "base") -> str | None:
    """Revert a project's revisions, whatever rows that takes; for scratch databases."""
    return _move(target, project, command.downgrade, revision, Patience(), _silent, nullcontext)


def _move(
    target: Target,
    project: Project,
    move: Callable[[Config, str], None],
    revision: str,
    patience: Patience,
    say: Callable[[str], None],
    around: Around,
) -> str | None:
    chain = ProjectChain.load(project)
    if chain is None:
        raise UsageError(f"{project.file or 'nosender.toml'} names no chain: say where its alembic.ini is.")
    for attempt in range(1, patience.attempts + 1):
        try:
            with _engine(target, patience, around) as engine:
                config = config_of(project)
                config.attributes[ENGINE] = engine
                config.attributes["schema"] = target.schema
                move(config, revision)
        except (Exception, SystemExit) as error:
            cause = getattr(error, "orig", None) or error
            late = isinstance(cause, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected)
            if not late or attempt == patience.attempts:
                raise _told(chain, cause) from error
            say(f"{chain.name}: attempt {attempt} of {patience.attempts} did not win its lock")
            time.sleep(patience.pause)
        else:
            return chain.head
    return chain.head


def _told(chain: ProjectChain, error: Any) -> NosenderError:
    if isinstance(error, NosenderError):
        return error
    if isinstance(error, psycopg.Error):
        said = refusal(error)
    elif isinstance(error, CommandError):
        said = str(error).splitlines()[0]
    else:  # its text may hold a row
        said = f"its env.py or a revision failed with {type(error).__name__}"
    return NosenderError(f"{chain.name}: {said}; of the revision at work nothing was kept")


@contextmanager
def _engine(target: Target, patience: Patience, around: Around) -> Iterator[sqlalchemy.Engine]:
    connection = target.connect("nosender db, project", autocommit=False)
    try:
        connection.execute(
            "select pg_catalog.set_config('lock_timeout', %s, false)", (f"{int(patience.lock * 1000)}ms",)
        )
        connection.commit()
        with around(connection):
            yield sqlalchemy.create_engine(
                "postgresql+psycopg://", creator=lambda: connection, poolclass=NullPool
            )
    finally:
        connection.close()
