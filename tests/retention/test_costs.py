"""What a sweep costs the server, in counts: the same on every machine, so they can be held to a bound."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from nosender.retention.sweep import FAST, Pace, sweep
from nosender.schema import ddl
from nosender.server.binaries import Binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from . import rows

SETTINGS = {
    "autovacuum": "off",
    "full_page_writes": "off",
    "checkpoint_timeout": "1h",
    "bgwriter_delay": "10s",
}


@pytest.fixture(scope="module")
def quiet(binaries: Binaries) -> Iterator[EmbeddedServer]:
    """A server where nothing happens but the sweep."""
    with EmbeddedServer(binaries, settings=SETTINGS) as server:
        yield server


def made(server: EmbeddedServer, name: str) -> Target:
    """A new database with our schema."""
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(f"create database {name} template template0".encode())
    target = Target(server.conninfo(name))
    with psycopg.connect(target.conninfo, autocommit=True, options="-c TimeZone=UTC") as owner:
        ddl.load(owner, "public")
    return target


def session(target: Target) -> psycopg.Connection:
    """A session that counts among those that `gone` waits for."""
    return psycopg.connect(
        target.conninfo,
        autocommit=True,
        options="-c TimeZone=UTC",
        application_name="nosender retention",
    )


def gone(watch: psycopg.Connection) -> None:
    """Wait for the end of the sweep's session: it reports as it ends."""
    while rows.count(watch, "pg_stat_activity where application_name = 'nosender retention'"):
        pass


def cost(
    server: EmbeddedServer, name: str, messages: int, expiry: str, *, snapshot: bool = False
) -> list[float]:
    """WAL records, WAL bytes and buffers of a fast sweep, each a message, and the number of messages."""
    target = made(server, name)
    with psycopg.connect(target.conninfo, autocommit=True, options="-c TimeZone=UTC") as owner:
        owner.execute("set session_replication_role = replica")
        rows.people(owner)
        rows.messages(owner, messages, expiry)
        owner.execute("vacuum analyze")
    with psycopg.connect(target.conninfo, autocommit=True) as watch, psycopg.connect(target.conninfo) as old:
        if snapshot:
            old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            old.execute("select from users")
        before = counters(watch, name)
        receipt = sweep(target, pace=Pace(most=1000, target_ms=None, duty=1))
        gone(watch)
        after = counters(watch, name)
        old.rollback()
    assert receipt.children == 2 * receipt.deleted
    return [(b - a) / receipt.deleted for a, b in zip(before, after, strict=True)] + [receipt.deleted]


def counters(watch: psycopg.Connection, name: str) -> tuple[int, int, int]:
    row = watch.execute(
        """
        select (select wal_records from pg_stat_wal), (pg_current_wal_insert_lsn() - '0/0')::bigint,
          blks_hit + blks_read
        from pg_stat_database where datname = %s
        """,
        [name],
    ).fetchone()
    assert row is not None
    return row


HOURS = "date_trunc('hour', now() - interval '200 hours' * n / 8000)"
IDLE = ("messages", "message_deliveries", "device_session_keys", "ephemeral_keys")


def test_wal_of_a_message_with_two_deliveries(quiet: EmbeddedServer) -> None:
    records, size, buffers, deleted = cost(quiet, "wal", 8000, HOURS)
    assert deleted == 8000
    assert buffers <= 11  # of which two or so are what a new session reads of the catalogs
    assert 3.0 <= records <= 3.15
    assert size <= 178


@pytest.mark.parametrize("expiry", [HOURS, "date_trunc('hour', now())"], ids=["hours", "one moment"])
def test_a_longer_backlog_costs_no_more_a_row(quiet: EmbeddedServer, expiry: str) -> None:
    """At eight times the backlog, and with an old snapshot that keeps every dead index entry alive."""
    tag = "tie" if "200" not in expiry else "hours"
    # Sizes between which no index gains a level: that would cost a page a row, whoever deletes it.
    small = cost(quiet, f"small_{tag}", 6000, expiry)[2]
    held = cost(quiet, f"held_{tag}", 6000, expiry, snapshot=True)[2]
    large = cost(quiet, f"large_{tag}", 48000, expiry)[2]
    both = cost(quiet, f"both_{tag}", 48000, expiry, snapshot=True)[2]
    assert max(held, large, both) <= small * 1.05


@pytest.mark.parametrize("history", [0, 300, 6_000])
def test_an_idle_sweep_looks_and_leaves(quiet: EmbeddedServer, history: int) -> None:
    """At most ten buffers a table by a session that is new, the planner's looks at each index included.

    The ledger is another matter: each sweep writes its five rows there.
    """
    target = made(quiet, f"idle_{history}")
    with session(target) as owner:
        if history:
            rows.people(owner)
            owner.execute("set session_replication_role = replica")
            later = "date_trunc('hour', now() + n * interval '1 hour')"
            rows.messages(owner, history, later, name="new")
            rows.messages(owner, history, "null", name="kept", deliveries=False)
            rows.session_keys(owner, history, "date_trunc('hour', now() - interval '1 hour')")
            rows.session_keys(owner, history, later, name="new")
            rows.ephemeral_keys(owner, history, later)
            rows.ephemeral_keys(owner, history, later, used=True, name="used")
            owner.execute("set session_replication_role = origin")
        sweep(target, pace=FAST)
        owner.execute("vacuum analyze")
    with psycopg.connect(target.conninfo, autocommit=True) as watch:
        before = touched(watch)
        assert sweep(target).batches == 0
        after = touched(watch)
    for table in IDLE:
        assert after[table] - before[table] <= 10, (table, before, after)


def touched(watch: psycopg.Connection) -> dict[str, int]:
    """Buffers of each table and its indexes, of sessions that have ended."""
    gone(watch)
    return dict(
        watch.execute(
            "select relname, coalesce(heap_blks_hit + heap_blks_read, 0)"
            " + coalesce(idx_blks_hit + idx_blks_read, 0) from pg_statio_user_tables"
        ).fetchall()
    )


def test_an_idle_sweep_reads_the_ledger_no_further_than_it_must(
    target: Target, connection: psycopg.Connection
) -> None:
    """With a history of 400 days as with one of a day."""
    connection.autocommit = True
    sweep(target)
    found = []
    for _ in range(2):
        before = touched(connection)
        sweep(target)
        found.append(touched(connection)["retention_runs"] - before["retention_runs"])
        with session(target) as other:
            for _ in range(300):
                other.execute("call retention_sweep()")
    assert found[1] <= found[0] + 30  # a level more in its index, for each row that is read or written
