"""No command runs what somebody planted on the nodes of a distributed database either."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nosender.server.embedded import EmbeddedServer

from ..citus.sharded import ONE, TWO, sharded, store
from ..conftest import RunNosender
from .conftest import PLANTS, hijacks, plant

COMMANDS = ("plan", "sweep --canary", "erase --rewrite --yes")
PAST = "date_trunc('hour', now() at time zone 'utc') - interval '1 hour'"


@pytest.fixture
def urls(server: EmbeddedServer) -> Iterator[tuple[str, ...]]:
    with sharded(server) as found:
        store(found[1], 102010, ONE, 9, PAST)
        store(found[2], 102011, TWO, 9, f"{PAST} + interval '9 days'")
        yield found


def test_no_command_runs_what_is_planted_on_a_node(
    server: EmbeddedServer, urls: tuple[str, ...], run_nosender: RunNosender
) -> None:
    named = ("--every-node", "--node", f"1={urls[1]}", "--node", f"2={urls[2]}")
    for url in urls:
        plant(url, *(each for each in PLANTS if each != "own_overloads"))
    with hijacks(server) as found:
        for command in COMMANDS:
            done = run_nosender("--url", urls[0], "retention", *command.split(), *named)
            assert done.returncode == 0, (command, done.stderr)
    # what would run with a superuser's rights is not called at all
    plant(urls[2], "own_overloads")
    with hijacks(server) as more:
        done = run_nosender("--url", urls[0], "retention", "sweep", *named)
    assert (done.returncode, "is not the declared one" in done.stderr) == (3, True)
    assert (found, more) == ([], [])
