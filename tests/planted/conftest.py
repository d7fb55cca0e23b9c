"""What the tests of planted names share: what is planted, and what the server's log says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from nosender.server.embedded import EmbeddedServer

FOLDER = Path(__file__).parent
PLANTS = ("first_in_the_path", "better_operators", "exact_signatures", "own_overloads")

Hijacks = Callable[[], list[str]]


def plant(conninfo: str, *names: str) -> None:
    """Plant, as a superuser, and put the schema of the first kind before pg_catalog in the stored path."""
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute("set search_path = pg_catalog, pg_temp")
        for name in names:
            admin.execute((FOLDER / f"{name}.sql").read_bytes())
        if "first_in_the_path" in names:
            database = sql.Identifier(str(conninfo_to_dict(conninfo)["dbname"]))
            admin.execute(
                sql.SQL("alter database {} set search_path = planted, pg_catalog, public").format(database)
            )


@contextmanager
def hijacks(server: EmbeddedServer) -> Iterator[list[str]]:
    """The planted names that were run meanwhile, each as often as it was; complete when the block ends."""
    before = server.log.stat().st_size
    found: list[str] = []
    yield found
    with server.log.open("rb") as log:
        log.seek(before)
        lines = log.read().decode(errors="replace").splitlines()
    found += [line.partition("HIJACK ")[2] for line in lines if "HIJACK " in line]


@pytest.fixture(params=PLANTS)
def planted(request: pytest.FixtureRequest) -> str:
    """One kind of plant after the other."""
    return str(request.param)
