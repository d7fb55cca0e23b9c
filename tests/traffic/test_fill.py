"""Traffic: every row of a fill, looked at from outside, as its readers would."""

from __future__ import annotations

import subprocess
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from psycopg import sql

from nosender.errors import NosenderError
from nosender.server.target import Target
from nosender.traffic import keys
from nosender.traffic.fill import FillReceipt, fill
from nosender.traffic.keys import Seed

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]

NOW = datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC)
TABLES = (
    "users",
    "webauthn_credentials",
    "messaging_public_keys",
    "device_session_keys",
    "ephemeral_keys",
    "messages",
    "message_deliveries",
)


@pytest.fixture
def filled(target: Target) -> Iterator[tuple[Target, psycopg.Connection]]:
    fill(target, 30, 400, 7, now=NOW)
    with closing(psycopg.connect(target.conninfo)) as connection:
        yield target, connection


def every_row(connection: psycopg.Connection) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: connection.execute(
            sql.SQL("select * from {} order by id").format(sql.Identifier(table))
        ).fetchall()
        for table in TABLES
    }


def every_value(connection: psycopg.Connection) -> dict[str, list[str]]:
    """What the seed decides: every row without the numbers that are drawn."""
    drawn = {table: "- 'id'" for table in TABLES if table not in ("users", "webauthn_credentials")}
    drawn["message_deliveries"] = "- 'id' - 'message_id'"
    return {
        table: sorted(
            str(row)
            for (row,) in connection.execute(
                sql.SQL("select to_jsonb(t) {} from {} as t").format(
                    sql.SQL(drawn.get(table, "")), sql.Identifier(table)
                )
            )
        )
        for table in TABLES
    }


def one(connection: psycopg.Connection, query: str) -> object:
    answer = connection.execute(query.encode()).fetchone()
    assert answer is not None
    return answer[0]


def test_the_receipt_counts_what_is_there(target: Target) -> None:
    receipt = fill(target, 12, 50, 3, now=NOW)
    with psycopg.connect(target.conninfo) as connection:
        assert receipt == FillReceipt(
            3,
            NOW.replace(minute=0, second=0),
            {table: len(rows) for table, rows in every_row(connection).items()},
        )
    assert receipt.rows["users"] == 12
    assert receipt.rows["messages"] == 50


def test_the_same_seed_gives_the_same_values(
    filled: tuple[Target, psycopg.Connection], database: str
) -> None:
    from nosender.schema import ddl

    with psycopg.connect(database) as other:
        ddl.load(other, "public")
    fill(Target(database), 30, 400, 7, now=NOW)
    with psycopg.connect(database) as other:
        assert every_value(other) == every_value(filled[1])
        assert every_row(other)["messages"] != every_row(filled[1])["messages"]


def test_another_seed_shares_nothing(filled: tuple[Target, psycopg.Connection]) -> None:
    target, connection = filled
    fill(target, 30, 400, 8, now=NOW)
    connection.rollback()
    for table, column in (
        ("users", "phone_number"),
        ("webauthn_credentials", "public_key"),
        ("messaging_public_keys", "x25519_public_key"),
        ("device_session_keys", "encrypted_session_key"),
        ("ephemeral_keys", "ephemeral_public_key"),
        ("messages", "encrypted_content"),
    ):
        assert one(connection, f"select count(*) - count(distinct {column}) from {table}") == 0


def test_every_device_of_the_destination_and_no_other_has_a_delivery(
    filled: tuple[Target, psycopg.Connection],
) -> None:
    expected = """
        select message.id, device.id
        from messages as message
        join users on users.phone_number = message.destination_phone
        join webauthn_credentials as device on device.user_id = users.id
        order by 1, 2"""
    stored = "select message_id, webauthn_credential_id from message_deliveries order by 1, 2"
    connection = filled[1]
    assert connection.execute(stored).fetchall() == connection.execute(expected.encode()).fetchall()
    assert (
        one(connection, "select max(c) from (select count(*) c from webauthn_credentials group by user_id) x")
        == 3
    )


def test_signatures_verify_under_the_identity_key(filled: tuple[Target, psycopg.Connection]) -> None:
    rows = filled[1].execute(
        "select x25519_public_key, ed25519_signature, ed25519_public_key from messaging_public_keys"
    )
    for key, signature, identity in rows:
        Ed25519PublicKey.from_public_bytes(identity).verify(signature, key)


def test_each_device_opens_its_session_key_and_reads_its_messages(
    filled: tuple[Target, psycopg.Connection],
) -> None:
    """From the rows and the devices' own secrets alone: what a client would do."""
    seed, connection = Seed(7), filled[1]
    people = connection.execute(
        "select u.id, phone_number, array_agg(device.id order by device.id)"
        " from users u join webauthn_credentials device on user_id = u.id group by u.id order by u.id"
    ).fetchall()
    read = 0
    for person, (user_id, phone, devices) in enumerate(people):
        opened: dict[int, set[bytes]] = {}
        for device, sealed in connection.execute(
            "select webauthn_credential_id, encrypted_session_key from device_session_keys"
            " where user_id = %s",
            [user_id],
        ):
            place = devices.index(device)
            opened.setdefault(place, set()).add(keys.open_on_device(seed, sealed, person, place))
            with pytest.raises(InvalidTag):
                keys.open_on_device(seed, sealed, person, place + 1)
        assert set(opened) == set(range(len(devices)))
        assert len({frozenset(one) for one in opened.values()}) == 1
        for (content,) in connection.execute(
            "select encrypted_content from messages where destination_phone = %s", [phone]
        ):
            assert any(_reads(key, content) for key in opened[0])
            read += 1
    assert read == 400


def _reads(key: bytes, content: bytes) -> bool:
    try:
        return len(keys.unpad(keys.decrypt(key, content))) > 10
    except InvalidTag:
        return False


@pytest.mark.parametrize(
    "condition",
    [
        "messages where expires_at is null",
        "messages where expires_at <= '2026-03-01 12:00'",
        "messages where expires_at > '2026-03-01 13:00'",
        "messages where message_type = 'media'",
        "message_deliveries where delivery_status = 'pending' and delivered_at is null and read_at is null",
        "message_deliveries where delivery_status = 'delivered' and read_at is null",
        "message_deliveries where delivery_status = 'delivered' and read_at >= delivered_at",
        "message_deliveries where delivery_status = 'failed'",
        "ephemeral_keys where used",
        "ephemeral_keys where not used and expires_at < '2026-03-01 12:00'",
        "ephemeral_keys where not used and expires_at > '2026-03-01 13:00'",
        "device_session_keys where is_active and key_rotation_counter = 1",
        "device_session_keys where is_active and expires_at < '2026-03-01 12:00'",
        "device_session_keys where not is_active and key_rotation_counter = 0",
        "messaging_public_keys where is_active and key_version = 2 and revoked_at is null",
        "messaging_public_keys where not is_active and key_version = 1 and revoked_at is not null",
    ],
)
def test_every_state_occurs(filled: tuple[Target, psycopg.Connection], condition: str) -> None:
    assert one(filled[1], f"select count(*) from {condition}") != 0


def test_nobody_is_made_twice_in_one_transaction(filled: tuple[Target, psycopg.Connection]) -> None:
    """No transaction id joins messages with people, or the two sides of anything."""
    connection = filled[1]
    groups = [("users", "webauthn_credentials"), ("messages", "message_deliveries"), ("ephemeral_keys",)]
    ids = [
        {
            row
            for table in tables
            for row in connection.execute(
                sql.SQL("select distinct xmin::text from {}").format(sql.Identifier(table))
            )
        }
        for tables in groups
    ]
    assert not ids[0] & ids[1]
    assert not ids[0] & ids[2]
    assert not ids[1] & ids[2]


def test_phones_belong_to_nobody(filled: tuple[Target, psycopg.Connection]) -> None:
    assert one(filled[1], r"select count(*) from users where phone_number !~ '^\+999[0-9]{12}$'") == 0


def test_memory_does_not_grow_with_messages(target: Target) -> None:
    def peak(messages: int, seed: int) -> int:
        tracemalloc.start()
        fill(target, 5, messages, seed)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(30_000, 2) < 1.25 * peak(10_000, 1)


def test_the_clock_is_this_hour_unless_told(target: Target) -> None:
    before = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    receipt = fill(target, 1, 1, 1)
    assert timedelta(0) <= receipt.now - before <= timedelta(hours=1)


def test_a_used_seed_is_refused_and_nothing_is_added(filled: tuple[Target, psycopg.Connection]) -> None:
    target, connection = filled
    before = every_row(connection)
    connection.rollback()
    with pytest.raises(NosenderError, match=r"rows of seed 7 are in .* already: choose another --seed"):
        fill(target, 40, 10, 7)
    assert every_row(connection) == before


def test_an_empty_database_is_refused(database: str) -> None:
    with pytest.raises(NosenderError, match="does not hold our tables: run `nosender db upgrade` first"):
        fill(Target(database), 1, 1, 1)


def test_a_missing_schema_is_refused(target: Target) -> None:
    with pytest.raises(NosenderError, match=r"schema nowhere of .* does not hold our tables"):
        fill(Target(target.conninfo, "nowhere"), 1, 1, 1)


def test_a_role_without_rights_is_refused(target: Target) -> None:
    with pytest.raises(NosenderError, match="may not write to schema public"):
        fill(Target(f"{target.conninfo}&options=-c%20role%3Dnosender_app"), 1, 1, 1)


def test_another_schema_with_a_hostile_name(database: str) -> None:
    from nosender.schema import ddl

    name = 'My "odd" Schema%s'
    with psycopg.connect(database) as connection:
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(name)))
        ddl.load(connection, name)
    assert fill(Target(database, name), 3, 20, 1).rows["messages"] == 20


def test_the_command_prints_counts_and_how_to_repeat_them(run_nosender: RunNosender, target: Target) -> None:
    words = [
        "traffic",
        "fill",
        "--users",
        "3",
        "--messages",
        "10",
        "--seed",
        "5",
        "--now",
        "2026-03-01T12:34",
    ]
    answer = run_nosender("--url", target.conninfo, *words)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.splitlines()[0].split() == ["3", "users"]
    repeat = "the same again: --users 3 --messages 10 --seed 5 --now 2026-03-01T12:00Z"
    assert answer.stdout.splitlines()[-1] == repeat
    again = run_nosender("--url", target.conninfo, *words)
    assert (again.returncode, again.stdout) == (4, "")
    assert again.stderr.startswith("nosender: rows of seed 5 are in ")


def test_a_database_that_people_use_is_refused(run_nosender: RunNosender, target: Target) -> None:
    with psycopg.connect(target.conninfo, options="-c TimeZone=UTC") as connection:
        connection.execute("insert into users (phone_number) values ('+15550100001')")
    answer = run_nosender("--url", target.conninfo, "traffic", "fill")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("nosender: people use this database: ")
    with psycopg.connect(target.conninfo) as connection:
        assert connection.execute("select count(*) from users").fetchone() == (1,)


@pytest.mark.parametrize(
    "words", [["--users", "0"], ["--messages", "-1"], ["--seed", "x"], ["--users", "1.5"], ["--now", "noon"]]
)
def test_wrong_numbers_are_wrong_usage(run_nosender: RunNosender, words: list[str]) -> None:
    answer = run_nosender("--url", "postgresql:///x", "traffic", "fill", *words)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert words[0] in answer.stderr


def test_the_flow_makes_what_it_says_and_delivers_to_the_destination_alone(target: Target) -> None:
    receipt = fill(target, 12, 700, 3, through="flow")
    with psycopg.connect(target.conninfo) as connection:
        assert receipt.rows == {table: len(rows) for table, rows in every_row(connection).items()}
        stray = """
            select count(*) from message_deliveries d join messages m on m.id = d.message_id
            join webauthn_credentials w on w.id = d.webauthn_credential_id join users u on u.id = w.user_id
            where u.phone_number <> m.destination_phone"""
        assert one(connection, stray) == 0
        states = "select array_agg(distinct delivery_status order by delivery_status) from message_deliveries"
        assert one(connection, states) == ["delivered", "failed", "pending"]
        assert one(connection, "select count(*) from message_deliveries where read_at is not null") != 0
        replaced = "select count(*) from device_session_keys where not is_active and expires_at is null"
        assert one(connection, replaced) != 0
        contents = connection.execute("select encrypted_content, destination_phone from messages limit 50")
        phones = [phone for (phone,) in connection.execute("select phone_number from users order by id")]
        for content, phone in contents:
            person = phones.index(phone)
            assert any(_reads(keys.session_key(Seed(3), person, version), content) for version in (0, 1))


def test_the_flow_gives_the_same_keys_and_ciphertexts(target: Target, database: str) -> None:
    from nosender.schema import ddl

    with psycopg.connect(database) as other:
        ddl.load(other, "public")
    columns = "select destination_phone, encrypted_content, message_id from messages order by message_id"
    seen = []
    for conninfo in (target.conninfo, database):
        fill(Target(conninfo), 5, 60, 9, through="flow")
        with psycopg.connect(conninfo) as connection:
            seen.append(connection.execute(columns.encode()).fetchall())
    assert seen[0] == seen[1]


def test_the_flow_needs_no_table_privilege(target: Target) -> None:
    with psycopg.connect(target.conninfo, autocommit=True) as admin:
        admin.execute("create role flow_tester login in role nosender_app")
    try:
        as_tester = psycopg.conninfo.make_conninfo(target.conninfo, user="flow_tester")
        assert fill(Target(as_tester), 2, 5, 1, through="flow").rows["messages"] == 5
        with pytest.raises(NosenderError, match="may not write"):
            fill(Target(as_tester), 2, 5, 2)
    finally:
        with psycopg.connect(target.conninfo, autocommit=True) as admin:
            admin.execute("drop role flow_tester")


def test_the_audit_passes_on_both(target: Target) -> None:
    from nosender.privacy_audit.runner import run
    from nosender.retention.sweep import FAST, sweep

    fill(target, 20, 400, 1)
    fill(target, 20, 400, 2, through="flow")
    sweep(target, pace=FAST)
    audit = run(target)
    assert (audit.verdict.value, audit.gating(), audit.unseen()) == ("pass", (), ())


def test_the_bar_is_for_a_terminal_alone(run_nosender: RunNosender, target: Target) -> None:
    import os
    import pty

    terminal, theirs = pty.openpty()
    words = ["--url", target.conninfo, "traffic", "fill", "--users", "2", "--messages", "20"]
    try:
        answer = run_nosender(*words, capture_output=False, stdout=subprocess.PIPE, stderr=theirs)
    finally:
        os.close(theirs)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert answer.returncode == 0
    assert "filling" in shown
    assert "100 %" in shown
    assert "filling" not in answer.stdout
    piped = run_nosender(*words, "--seed", "2")
    assert (piped.returncode, piped.stderr) == (0, "")
