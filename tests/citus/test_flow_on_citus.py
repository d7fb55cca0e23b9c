"""The four flows on Citus itself, over a coordinator and two workers: the same tests as of the core."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest

from ..scale_out.test_flow_in_parts import DIFFERENT, WAITING
from ..schema import test_flow, test_flow_contention
from ..schema.app import App, app

pytestmark = pytest.mark.citus

if "NOSENDER_PG_BIN" in os.environ:  # no server that comes with the tests has Citus
    globals().update(
        {
            name: each
            for name, each in {**vars(test_flow), **vars(test_flow_contention)}.items()
            if name.startswith("test_") and name not in DIFFERENT | WAITING
        }
    )


def test_the_flow_runs_on_citus(cluster: tuple[str, ...]) -> None:
    """The one line that says that all of these were skipped, where they were."""
    assert len(cluster) == 3


@pytest.fixture
def any_migrated(cluster: tuple[str, ...]) -> str:
    """The coordinator, with no row in any table."""
    with psycopg.connect(cluster[0], options="-c TimeZone=UTC", autocommit=True) as admin:
        for table in ("messages", "ephemeral_keys", "users"):
            admin.execute(f"delete from public.{table}")
    return cluster[0]


@pytest.fixture
def migrated(any_migrated: str) -> str:
    return any_migrated


@pytest.fixture
def session(any_migrated: str) -> Iterator[App]:
    with app(any_migrated) as opened:
        yield opened


@pytest.fixture
def owner(any_migrated: str) -> Iterator[psycopg.Connection]:
    # looks behind the functions, and joins what stands on several nodes
    options = "-c TimeZone=UTC -c citus.enable_repartition_joins=on"
    with psycopg.connect(any_migrated, options=options, autocommit=True) as opened:
        yield opened
