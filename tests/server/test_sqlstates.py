"""What the server refuses for a reason of its own is told in words of ours, by every command."""

from __future__ import annotations

import psycopg
import pytest

from nosender.server.sqlstates import in_words, is_of_a_database, is_of_the_server

from ..conftest import RunNosender


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (psycopg.errors.DiskFull("+15550100001"), "its disk is full (SQLSTATE 53100)"),
        (psycopg.errors.QueryCanceled(), "the statement was cancelled, by statement_timeout or by somebody"),
        (psycopg.errors.DeadlockDetected(), "another transaction was in the way; run again (SQLSTATE 40P01)"),
        (psycopg.errors.CannotConnectNow(), "it is starting or stopping (SQLSTATE 57P03)"),
        (psycopg.errors.AdminShutdown(), "the server was shut down or somebody ended the session"),
        (psycopg.OperationalError("+15550100001"), "the connection was lost"),
    ],
)
def test_a_state_of_the_server_is_told_without_its_text(error: psycopg.Error, told: str) -> None:
    class WrappedError(Exception):
        """As SQLAlchemy does."""

        orig = error

    for each in (error, WrappedError()):
        assert in_words(each).startswith(told)
        assert "+1555" not in in_words(each)
        assert is_of_the_server(each)


def test_a_statement_that_is_wrong_is_ours() -> None:
    error = psycopg.errors.UndefinedColumn()
    assert in_words(error) == "UndefinedColumn (SQLSTATE 42703)"
    assert is_of_a_database(error)
    assert not is_of_the_server(error)
    assert not is_of_a_database(ValueError())


READERS = [("audit", "run"), ("db", "check"), ("db", "current"), ("audit", "explore"), ("retention", "plan")]


def test_a_stored_transaction_timeout_ends_nothing_that_reads(
    migrated: str, run_nosender: RunNosender
) -> None:
    def codes() -> list[int]:
        return [run_nosender("--url", migrated, *words).returncode for words in READERS]

    before = codes()
    with psycopg.connect(migrated, autocommit=True) as admin:
        name = admin.info.dbname
        admin.execute(f"alter database \"{name}\" set transaction_timeout = '30ms'".encode())
    assert codes() == before


@pytest.mark.parametrize("words", [("audit", "run"), ("audit", "explore"), ("db", "plan"), ("db", "check")])
def test_a_full_server_is_no_lost_connection(
    migrated: str, run_nosender: RunNosender, words: tuple[str, ...]
) -> None:
    with psycopg.connect(migrated, autocommit=True) as admin:
        admin.execute(
            "create table wide as select g, repeat('x', 3000) as x from generate_series(1, 3000) as g"
        )
        name = admin.info.dbname
        for setting in ("temp_file_limit = 0", "work_mem = '64kB'", "hash_mem_multiplier = 1"):
            admin.execute(f'alter database "{name}" set {setting}'.encode())
    done = run_nosender("--url", migrated, *words)
    assert "went away" not in done.stderr
    assert "NOSENDER_DEBUG" not in done.stderr
    assert done.returncode in (0, 1) or "temp_file_limit" in done.stderr + done.stdout, done.stderr
