"""A coordinator and two workers, where Citus is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from nosender.migrations import runner
from nosender.scale_out.apply import apply
from nosender.server.binaries import Binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import clone, migrated_template
from .stand_in import STAND_IN, run

LAST_BY_HAND = "13.2.2 on PostgreSQL 15.20, 2026-11-29; 14.0.1 on PostgreSQL 18.6, 2026-11-28"
SETTINGS = {
    "shared_preload_libraries": "citus",
    "citus.node_conninfo": "sslmode=disable",
    "citus.shard_count": "4",
    "max_worker_processes": "40",
    "max_prepared_transactions": "50",
}
DATABASE = "distributed"


@pytest.fixture(scope="session")
def with_citus(server: EmbeddedServer, binaries: Binaries) -> Binaries:
    with psycopg.connect(server.conninfo()) as connection:
        found = connection.execute("select 1 from pg_available_extensions where name = 'citus'").fetchone()
    if found is None:
        pytest.skip(f"Citus is not installed here; last run by hand: {LAST_BY_HAND}")
    return binaries


@pytest.fixture(scope="session")
def cluster(with_citus: Binaries) -> Iterator[tuple[str, ...]]:
    """The coordinator's database and the workers', of which the tables are distributed and empty."""
    with three(with_citus) as urls:
        yield urls


@pytest.fixture(scope="module")
def own_cluster(with_citus: Binaries) -> Iterator[tuple[str, ...]]:
    """Another one, on whose nodes nobody has planted anything."""
    with three(with_citus) as urls:
        yield urls


@contextmanager
def three(binaries: Binaries) -> Iterator[tuple[str, ...]]:
    with ExitStack() as stack:
        nodes = [stack.enter_context(EmbeddedServer(binaries, settings=SETTINGS)) for _ in range(3)]
        yield made([node.conninfo() for node in nodes])


@pytest.fixture
def distributed(migrated: str) -> str:
    """A database that looks like the coordinator of three nodes."""
    run(migrated, STAND_IN)
    return migrated


@pytest.fixture
def nodes(server: EmbeddedServer) -> Iterator[tuple[str, ...]]:
    """Three such databases, which look like one another's nodes."""
    with ExitStack() as stack:
        urls = [stack.enter_context(clone(server, migrated_template(server))) for _ in range(3)]
        for group, url in enumerate(urls):
            run(
                url,
                STAND_IN,
                f"update pg_catalog.pg_dist_local_group set groupid = {group}",
                f"update pg_catalog.pg_dist_placement set groupid = {group}",
            )
        yield tuple(urls)


def made(servers: list[str]) -> tuple[str, ...]:
    """Distributed by the command itself."""
    urls = empty(servers, DATABASE)
    runner.upgrade(Target(urls[0]))
    found = apply(Target(urls[0]), {str(group): Target(urls[group]) for group in (1, 2)})
    assert found.exit_code == 0, found
    return urls


def empty(servers: list[str], name: str) -> tuple[str, ...]:
    """A database of that name on each server, which know one another and hold nothing."""
    urls = tuple(make_conninfo(each, dbname=name) for each in servers)
    for postgres, url in zip(servers, urls, strict=True):
        with psycopg.connect(postgres, autocommit=True) as admin:
            admin.execute(f"create database {name}")
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("create extension citus")
            # who moves a shard connects to itself
            here = str(conninfo_to_dict(url)["host"])
            admin.execute(sql.SQL("alter system set citus.local_hostname = {}").format(sql.Literal(here)))
            admin.execute("select pg_reload_conf()")
    with psycopg.connect(urls[0], autocommit=True) as coordinator:
        hosts = [conninfo_to_dict(each)["host"] for each in urls]
        coordinator.execute("select citus_set_coordinator_host(%s, 5432)", [hosts[0]])
        for host in hosts[1:]:
            coordinator.execute("select citus_add_node(%s, 5432)", [host])
    return urls
