"""Proves that each check can fail: plants its bad example in a scratch database and looks for it there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from nosender.privacy_audit.check import Loaded


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one planted leak."""

    check: str
    passed: bool
    words: str
    """What was found, or what was missed."""


def trials(checks: Iterable[Loaded]) -> Iterator[Trial]:
    """One trial for each check, on an embedded server that is gone afterwards."""

    from nosender.privacy_audit.reading import read_snapshot
    from nosender.privacy_audit.runner import ask
    from nosender.schema import catalogue, ddl
    from nosender.server.embedded import EmbeddedServer
    from nosender.server.scratch import scratch_database
    from nosender.server.target import Target

    declared = catalogue.load()
    name, template = "nosender selftest", "nosender_selftest"
    with EmbeddedServer(settings={"max_prepared_transactions": "4"}) as server:
        with Target(server.conninfo()).connect(name, autocommit=True) as admin:
            admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(template)))
        with Target(server.conninfo(template)).connect(name) as connection:
            ddl.load(connection, "public")
        for loaded in checks:
            with scratch_database(server.conninfo(), template=template) as scratch:
                for example in ("bad.sql", "fix.sql"):
                    with Target(scratch).connect(name, autocommit=True) as owner:
                        owner.execute("set search_path to public")  # as a person's session has it
                        owner.execute(loaded.example(example).encode())
                    if example == "bad.sql":
                        # the owner: who gave rights up by SET ROLE is not believed to have none
                        with Target(scratch).connect(name, reading=True) as reader:
                            snapshot = read_snapshot(reader, "public", declared).snapshot
            result, findings = ask(loaded, snapshot)
            found = tuple(sorted(finding.object for finding in findings))
            expected = loaded.expected()
            words = ", ".join(found) if found == expected else f"found {found}, planted {expected}"
            yield Trial(loaded.check.slug, found == expected and result.reason is None, words)
