"""What each revision must lead to, NNNN_slug.json, from a replay of the chain.

Made for a revision after its SQL is written by hand: `db upgrade` compares the live schema with this file, so
a reviewer reads in the change what the revision really does. `make generate` writes the files.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql

from nosender.migrations.apply import Patience, apply
from nosender.migrations.revisions import VERSIONS, Chain
from nosender.migrations.waits import Watch
from nosender.schema.observe import Observation, observe, within
from nosender.schema.observe.reference import PLACEHOLDER
from nosender.server.scratch import scratch_database
from nosender.server.target import Target


def expected(conninfo: str, folder: Path = VERSIONS) -> dict[Path, str]:
    """The text of every file, from a replay beside the database of `conninfo`."""
    found: dict[Path, str] = {}
    with (
        scratch_database(conninfo) as scratch,
        Target(scratch).connect("nosender expect") as work,
        Target(scratch).connect("nosender expect", autocommit=True) as observer,
    ):
        work.execute(sql.SQL("create schema {}").format(sql.Identifier(PLACEHOLDER)))
        work.commit()
        watch = Watch(observer, work.info.backend_pid, lambda _line: None)
        for revision in Chain.load(folder).revisions:
            apply(work, PLACEHOLDER, revision, "up", patience=Patience(), watch=watch)
            # Alembic's own table is no part of what a revision promises.
            work.execute(sql.SQL("drop table {}").format(sql.Identifier(PLACEHOLDER, "alembic_version")))
            found[revision.expected] = portable(work).to_json()
            work.rollback()
    return found


def portable(connection: psycopg.Connection) -> Observation:
    """What stands in the placeholder schema, without anything of the cluster."""
    # what depends on what follows from the rest, and would be a third of the file
    return replace(within(observe(connection, PLACEHOLDER), PLACEHOLDER), dependencies=())
