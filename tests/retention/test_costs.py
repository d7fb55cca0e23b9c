"""What a sweep costs the server, in counts: the same on every machine, so they can be held to a bound."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from nosender.retention.sweep import FAST, Pace, sweep
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


def cost(
    server: EmbeddedServer, name: str, messages: int, expiry: str, *, snapshot: bool = False
) -> list[float]:
    """WAL records, WAL bytes and buffers of a fast sweep, each a message, and the number of messages."""
    from nosender.schema import ddl

    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(f"create database {name} template template0".encode())
    target = Target(server.conninfo(name))
    with psycopg.connect(target.conninfo, autocommit=True, options="-c TimeZone=UTC") as owner:
        ddl.load(owner, "public")
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
        while rows.count(watch, "pg_stat_activity where application_name = 'nosender retention'"):
            pass  # it reports as it ends
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


def test_wal_of_a_message_with_two_deliveries(quiet: EmbeddedServer) -> None:
    records, size, _, deleted = cost(quiet, "wal", 8000, HOURS)
    assert deleted == 8000
    assert 3.0 <= records <= 3.15
    assert size <= 178


@pytest.mark.parametrize("expiry", [HOURS, "date_trunc('hour', now())"], ids=["hours", "one moment"])
def test_a_longer_backlog_costs_no_more_a_row(quiet: EmbeddedServer, expiry: str) -> None:
    """At eight times the backlog, and with an old snapshot that keeps every dead index entry alive."""
    tag = "tie" if "200" not in expiry else "hours"
    small = cost(quiet, f"small_{tag}", 8000, expiry)[2]
    held = cost(quiet, f"held_{tag}", 8000, expiry, snapshot=True)[2]
    large = cost(quiet, f"large_{tag}", 64000, expiry, snapshot=True)[2]
    assert held <= small * 1.05
    assert large <= small * 1.10  # of which a level more in the larger indexes takes 0.06


def test_an_idle_sweep_looks_and_leaves(target: Target, connection: psycopg.Connection) -> None:
    """At most ten buffers a table by a session that is warm, whatever it keeps."""
    connection.autocommit = True
    rows.people(connection)
    connection.execute("set session_replication_role = replica")
    rows.messages(connection, 3000, "date_trunc('hour', now() + interval '2 hours')", name="new")
    rows.messages(connection, 1000, "null", name="kept")
    rows.session_keys(connection, 3000, "date_trunc('hour', now() - interval '1 hour')")
    rows.ephemeral_keys(connection, 300, "date_trunc('hour', now() + interval '1 day')")
    connection.execute("set session_replication_role = origin")
    sweep(target, pace=FAST)
    connection.execute("vacuum analyze messages, device_session_keys, ephemeral_keys")
    touched: list[dict[str, int]] = []
    for _ in range(3):
        connection.execute(
            """
            do $$
            declare
              state jsonb := retention_begin();
            begin
              while not (state ->> 'finished')::boolean loop
                state := retention_step(state);
              end loop;
            end
            $$
            """
        )
        connection.execute("select pg_stat_force_next_flush()")
        found = connection.execute(
            "select relname, heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read from"
            " pg_statio_user_tables where relname in ('messages', 'device_session_keys', 'ephemeral_keys')"
        ).fetchall()
        touched.append(dict(found))
    for table in touched[0]:
        assert touched[2][table] - touched[1][table] <= 10, (table, touched)
