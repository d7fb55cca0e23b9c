"""A project's pending revisions, run on the scratch copy after ours: what each statement of theirs does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import psycopg
from alembic.script import Script
from psycopg import sql

from nosender.errors import NosenderError, UsageError
from nosender.migrations import journal, project_chain
from nosender.migrations.project_chain import ProjectChain
from nosender.migrations.rehearsal import Copy, Rehearsal, Seen
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.project import Project


@dataclass(frozen=True, slots=True)
class Pending:
    """Where a project's chain stands in a database, and what follows."""

    chain: ProjectChain
    start: str | None
    revisions: tuple[Script, ...]
    """Oldest first."""

    @property
    def digests(self) -> list[tuple[str, str]]:
        """Each with the hash of its file."""
        return [(each.revision, self.chain.digest(each.revision)) for each in self.revisions]


def pending(connection: psycopg.Connection[Any], schema: str, project: Project) -> Pending | None:
    """What an upgrade would apply of a project's; None where it has no chain.

    NosenderError where the database is at a revision that the chain does not have.
    """
    chain = ProjectChain.load(project)
    if chain is None:
        return None
    start = _standing(connection, schema, chain.version_table)
    whole = list(reversed(list(chain.scripts.walk_revisions())))
    names = [each.revision for each in whole]
    if start is not None and start not in names:
        raise NosenderError(
            f"{schema}.{chain.version_table} is at {visible(start)}, which is no revision of {chain.name}: "
            "check out the project as it was applied there"
        )
    return Pending(chain, start, tuple(whole[names.index(start) + 1 if start is not None else 0 :]))


def refused(found: Pending, ours: str | None) -> tuple[str, ...]:
    """Why `db upgrade --project` would not begin with theirs, ours being at `ours`."""
    if not found.revisions:
        return ()
    try:
        found.chain.refuse_early(found.revisions[-1].revision, ours)
    except UsageError as error:
        return (str(error),)
    return ()


def rehearse(copy: Copy, project: Project, found: Pending, ours: str | None) -> list[list[Seen]]:
    """What each statement of each pending revision does, on the copy, where ours are at `ours` now."""
    schema, table = copy.target.schema, found.chain.version_table
    with copy.connection.transaction():
        journal.stamp(copy.connection, schema, ours)
        if found.start is not None:  # the copy has the table, and no rows
            place = sql.Identifier(schema, table)
            copy.connection.execute(sql.SQL("insert into {} values (%s)").format(place), (found.start,))
    told = []
    for each in found.revisions:
        seen: list[Seen] = []

        @contextmanager
        def noting(
            connection: psycopg.Connection[Any], name: str = each.revision, into: list[Seen] = seen
        ) -> Iterator[None]:
            with Rehearsal(connection, schema).noting(name) as (noted, ready):
                connection.rollback()
                ready()
                yield
            into.extend(noted)

        project_chain.upgrade(copy.target, project, revision=each.revision, around=noting)
        own = [one for one in seen if not _of_alembic(one, (table, journal.VERSION_TABLE, journal.JOURNAL))]
        told.append([replace(one, number=number) for number, one in enumerate(own, 1)])
    return told


def _of_alembic(seen: Seen, kept: tuple[str, ...]) -> bool:
    """Whether Alembic or env.py said it: a look that locks nothing, or where the chains stand."""
    looks = (
        not seen.locks and seen.sql.split()[:1] and seen.sql.split()[0].lower() in ("select", "set", "show")
    )
    return bool(looks) or any(name in seen.sql for name in kept)


def _standing(connection: psycopg.Connection[Any], schema: str, table: str) -> str | None:
    """The revision that the project's version table records."""
    if not journal.exists(connection, schema, table):
        return None
    place = sql.Identifier(schema, table)
    rows = connection.execute(sql.SQL("select version_num::text from only {}").format(place)).fetchall()
    if len(rows) > 1:
        raise NosenderError(f"{schema}.{table} names several revisions at once: delete all but one")
    return str(rows[0][0]) if rows else None
