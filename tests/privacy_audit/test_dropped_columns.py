"""Which receipt clears a dropped column: of its table, for its file, younger than the drop, not forged."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from nosender.privacy_audit.runner import Options, run
from nosender.retention.erase import erase
from nosender.retention.ledger import verify_target
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]
MARKER = "a value of a dropped column"
MESSAGE = """
insert into messages (destination_phone, encrypted_content, message_id, sender)
select '+4915100000001', sha512(n::text::bytea), gen_random_uuid()::text, %s || repeat(n::text, 900)
from generate_series(1, 20) as n
"""


def found(conninfo: str) -> list[str]:
    options = Options(checks=("dropped-column", "broken-ledger"))
    return sorted(each.object for each in run(Target(conninfo), options).findings)


def drop_a_column(connection: psycopg.Connection, table: str = "messages") -> None:
    connection.execute(f"alter table {table} add column sender text".encode())
    if table == "messages":
        connection.execute(MESSAGE, [MARKER])
    connection.execute(f"alter table {table} drop column sender".encode())


@pytest.fixture
def owner(any_migrated: str) -> psycopg.Connection:
    return psycopg.connect(any_migrated, options="-c TimeZone=UTC", autocommit=True)


def copies(server: EmbeddedServer, connection: psycopg.Connection) -> int:
    connection.execute("checkpoint")
    row = connection.execute("select oid from pg_database where datname = current_database()").fetchone()
    assert row is not None
    folder = Path(server.data_directory / "base" / str(row[0]))
    return sum(file.read_bytes().count(MARKER.encode()) for file in folder.iterdir() if file.is_file())


def test_a_rewrite_takes_the_values_and_leaves_a_receipt(
    any_server: EmbeddedServer, any_migrated: str, owner: psycopg.Connection, run_nosender: RunNosender
) -> None:
    owner.execute("insert into users (phone_number) values ('+4915100000001')")
    drop_a_column(owner)
    drop_a_column(owner, "users")
    expected = ['public.messages."dropped column 9"', 'public.users."dropped column 4"']
    assert found(any_migrated) == expected
    erase(Target(any_migrated))
    assert copies(any_server, owner) >= 20, "a vacuum leaves the values where they are"
    assert found(any_migrated) == expected
    answer = run_nosender("--url", any_migrated, "retention", "erase", "--rewrite", "--yes")
    assert answer.returncode == 0, answer.stderr
    assert copies(any_server, owner) == 0
    assert found(any_migrated) == []
    verdict = verify_target(Target(any_migrated))
    assert (verdict.problems, verdict.rows, verdict.runs) == ((), 5, 0)
    clustered = owner.execute("select count(*) from pg_index where indisclustered").fetchone()
    assert clustered == (0,), "the rewrite leaves no mark that differs from the declared schema"


def test_a_receipt_is_of_one_moment_one_file_and_one_table(
    migrated: str, connection: psycopg.Connection
) -> None:
    connection.autocommit = True
    drop_a_column(connection)
    connection.execute("insert into users (phone_number) values ('+4915100000001')")
    drop_a_column(connection, "users")
    connection.execute("select retention_rewrite('messages')")
    assert found(migrated) == ['public.users."dropped column 4"']
    drop_a_column(connection)
    assert found(migrated) == ['public.messages."dropped column 10"', 'public.users."dropped column 4"']
    connection.execute("select retention_rewrite('messages')")
    connection.execute("vacuum full messages")
    connection.execute("select retention_rewrite('users')")
    assert found(migrated) == ['public.messages."dropped column 10"', 'public.messages."dropped column 9"']


def test_a_rewrite_that_is_rolled_back_leaves_neither(migrated: str, connection: psycopg.Connection) -> None:
    drop_a_column(connection)
    connection.commit()
    connection.execute("select retention_rewrite('messages')")
    connection.rollback()
    assert found(migrated) == ['public.messages."dropped column 9"']
    assert verify_target(Target(migrated)).rows == 0


FORGED = [
    "update retention_runs set table_name = 'messages', file_number = pg_relation_filenode('messages')",
    "insert into retention_runs"
    " select 7, run_id, phase, 'messages', status, error_class, policy_hash, cutoff,"
    " clock_before, clock_after, 0, 0, 0, 0, 0, null, null, null, pg_relation_filenode('messages'), '{9}',"
    " row_hash, row_hash from retention_runs",
]


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_receipt_breaks_the_chain_and_clears_nothing(
    migrated: str, connection: psycopg.Connection, forged: str
) -> None:
    connection.autocommit = True
    drop_a_column(connection)
    connection.execute("select retention_rewrite('ephemeral_keys')")
    with pytest.raises(psycopg.Error):
        connection.execute(forged.encode())
    connection.execute("set session_replication_role = replica")
    connection.execute(forged.encode())
    assert found(migrated) == ['public.messages."dropped column 9"', "public.retention_runs"]


def test_what_reads_the_receipts_in_the_database_is_not_asked_by_who_may_read_them(
    migrated: str, connection: psycopg.Connection
) -> None:
    connection.autocommit = True
    drop_a_column(connection)
    connection.execute("select retention_rewrite('messages')")
    assert found(migrated) == []
    connection.execute(
        "create or replace function audit_rewrites() returns table"
        " (table_name text, column_number integer, receipts bigint) language sql"
        " as $$ select 'messages', 9, 0::bigint $$"
    )
    assert found(migrated) == []
