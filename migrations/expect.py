"""Writes what each revision must lead to, NNNN_slug.json, from a replay of the chain.

    python -m nosender.migrations.expect

For a revision that is written by hand, after its SQL: `db upgrade` compares the live schema with this file,
so a reviewer reads in the change what the revision really does.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from nosender.migrations.apply import Patience, apply
from nosender.migrations.freeze import portable
from nosender.migrations.revisions import VERSIONS, Chain
from nosender.migrations.watch import Watch
from nosender.schema.observe.canonical import PLACEHOLDER
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database


def expected(conninfo: str, folder: Path = VERSIONS) -> dict[Path, str]:
    """The text of every file, from a replay beside the database of `conninfo`."""
    found: dict[Path, str] = {}
    with (
        scratch_database(conninfo) as scratch,
        psycopg.connect(scratch) as work,
        psycopg.connect(scratch, autocommit=True) as onlooker,
    ):
        work.execute(sql.SQL("create schema {}").format(sql.Identifier(PLACEHOLDER)))
        work.execute(sql.SQL("set search_path to {}, pg_temp").format(sql.Identifier(PLACEHOLDER)))
        work.commit()
        watch = Watch(onlooker, work.info.backend_pid, lambda _line: None)
        for revision in Chain.load(folder).revisions:
            apply(work, PLACEHOLDER, revision, "up", patience=Patience(), watch=watch)
            # Alembic's own table is no part of what a revision promises.
            work.execute("drop table alembic_version")
            found[revision.expected] = portable(work).to_json()
            work.rollback()
    return found


def main() -> None:
    """Write the files that differ."""
    with EmbeddedServer() as server:
        for path, text in expected(server.conninfo()).items():
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
