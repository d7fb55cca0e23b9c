"""Deleted bytes in the data files: there after a sweep, gone after a rewrite."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.retention.erase import erase
from nosender.retention.sweep import sweep
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from . import rows

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]
MARKER = b"a marker that stands nowhere else"


def copies(server: EmbeddedServer, connection: psycopg.Connection) -> int:
    """How often the marker stands in the data files of this database, of all its tables and catalogs."""
    connection.execute("checkpoint")
    row = connection.execute("select oid from pg_database where datname = current_database()").fetchone()
    assert row is not None
    folder = server.data_directory / "base" / str(row[0])
    return sum(file.read_bytes().count(MARKER) for file in Path(folder).iterdir() if file.is_file())


@pytest.fixture
def marked(connection: psycopg.Connection) -> psycopg.Connection:
    """Expired messages and keys that carry the marker, beside a live message."""
    connection.autocommit = True
    rows.people(connection)
    rows.messages(connection, 1, "now() + interval '1 day'", name="live")
    rows.messages(connection, 40, "now() - interval '1 hour'")
    rows.messages(connection, 1, "now() + interval '1 day'", name="last")
    connection.execute(
        "update messages set encrypted_content = %s || encrypted_content where message_id like 'm-%%'",
        [MARKER],
    )
    connection.execute(
        "update messages set message_id = %s || message_id where message_id like 'm-%%'", [MARKER.decode()]
    )
    return connection


def test_a_rewrite_takes_the_bytes_away(
    server: EmbeddedServer, target: Target, marked: psycopg.Connection
) -> None:
    assert copies(server, marked) > 80
    sweep(target)
    assert copies(server, marked) > 80, "a delete leaves every byte where it is"
    erase(target)
    assert copies(server, marked) > 0, "a vacuum frees the place, and overwrites little of it"
    done = erase(target, rewrite=True)
    assert copies(server, marked) == 0
    assert [each.table for each in done] == [
        "device_session_keys",
        "ephemeral_keys",
        "message_deliveries",
        "messages",
    ]
    assert rows.count(marked, "messages") == 2


def test_the_locks_are_told_first(target: Target, run_nosender: RunNosender) -> None:
    url = ["--url", target.conninfo, "retention", "erase"]
    asked = run_nosender(*url, "--rewrite", input="n\n")
    assert asked.returncode == 130
    assert "rewrite messages, " in asked.stderr
    assert "ACCESS EXCLUSIVE, which blocks everybody" in asked.stderr
    assert asked.stdout == ""
    done = run_nosender(*url)
    assert done.returncode == 0, done.stderr
    assert "vacuum messages, " in done.stderr
    assert done.stdout.count(" bytes before, ") == 4


def test_a_table_in_use_and_a_role_without_rights(target: Target, connection: psycopg.Connection) -> None:
    connection.execute("lock table message_deliveries in access share mode")
    with pytest.raises(NosenderError, match="message_deliveries is in use"):
        erase(target, rewrite=True, lock_timeout_ms=20)
    connection.rollback()
    sweeper = Target(f"{target.conninfo}&options=-c%20role%3Dnosender_sweeper")
    with pytest.raises(NosenderError, match="by its owner"):
        erase(sweeper)
