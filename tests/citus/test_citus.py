"""What holds beside Citus itself: on a coordinator and two workers of our own, where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from nosender.privacy_audit import runner
from nosender.schema.observe import Observation, observe
from nosender.schema.observe.citus_own import without_own
from nosender.server.target import Target

from ..conftest import RunNosender

pytestmark = pytest.mark.citus


def seen(conninfo: str) -> Observation:
    with Target(conninfo).connect("test", reading=True) as connection:
        return without_own(observe(connection, "public"))


@contextmanager
def planted(conninfo: str, plant: str, undo: str) -> Iterator[None]:
    """Something done to one node behind Citus' back, and taken back."""
    for text in (plant, undo):
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("set citus.enable_ddl_propagation to off")
            connection.execute("set citus.enable_manual_changes_to_shards to on")
            connection.execute("set citus.override_table_visibility to off")
            connection.execute(text.encode())
        if text == plant:
            yield


def test_shards_are_as_their_tables(cluster: tuple[str, ...]) -> None:
    for group, url in enumerate(cluster):
        found = seen(url)
        spread = found.distribution
        assert spread is not None
        assert (spread.group, spread.differences, spread.missing) == (group, (), ())
        assert len(spread.shards) == (4 if group == 0 else 8)
        assert len(spread.others) == 2
        assert all(each.schema == "public" for each in found.relations)


def test_commands_do_not_fall_over(cluster: tuple[str, ...], run_nosender: RunNosender) -> None:
    expected = {
        ("db", "check"): (1, 3),
        ("db", "current"): (0, 3),
        ("db", "plan"): (0, 3),
        ("audit", "preflight"): (3, 3),
        ("audit", "explore"): (0, 0),
        ("catalogue", "check"): (1, 3),
        ("retention", "status"): (3, 3),
        ("retention", "sweep"): (3, 3),
        ("retention", "verify"): (0, 4),
    }
    for words, codes in expected.items():
        answers = [run_nosender("--url", url, *words) for url in cluster[:2]]
        assert tuple(each.returncode for each in answers) == codes, (words, [each.stderr for each in answers])


def test_citus_own_is_nobody_elses(cluster: tuple[str, ...]) -> None:
    layout = {"messages", "message_deliveries", "ephemeral_keys", "users", "webauthn_credentials"}
    for url in cluster:
        audit = runner.run(Target(url))
        of_citus = {(each.check, each.object) for each in audit.findings if "citus" in each.object}
        assert of_citus <= {("undeclared-extension", "citus")}
        assert not [each for each in audit.findings if each.object.startswith("pg_catalog")]
        assert not audit.decided.schemas_unaccounted
        assert len(audit.decided.nodes_unseen) == 2
        missing = [
            each.object for each in audit.findings if each.check in ("missing-table", "missing-function")
        ]
        assert not missing, layout
