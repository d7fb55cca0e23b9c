"""What settles and when: sets, levels, times, and whatever was touched since."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from nosender.retention.ledger import verify_target
from nosender.retention.sweep import sweep
from nosender.server.target import Target

from . import settling
from .settling import do, groups, send, settle, transactions, unsettled

TABLES = ("messages", "message_deliveries", "ephemeral_keys", "device_session_keys", "messaging_public_keys")


@pytest.fixture
def owner(any_migrated: str) -> Iterator[psycopg.Connection]:
    """The owner's session; the database's clock is what the other sessions say."""
    with psycopg.connect(any_migrated, autocommit=True, options="-c TimeZone=UTC") as connection:
        settling.set_back(connection)
        settling.people(any_migrated, 3)
        settle(any_migrated, "01:01")
        yield connection


def rotate(owner_id: int, replaced: str, session: str) -> str:
    """A call that stores a session key of the person's own device."""
    old = f"'{replaced}'" if replaced else "null"
    return (
        f"select rotate_session_key({owner_id}, {old}, '{session}', array[{owner_id}], "
        "array[decode(repeat('ab', 60), 'hex')])"
    )


def receipts(owner: psycopg.Connection, table: str) -> list[tuple[str, str, int, int]]:
    """Status, end, rows settled and rows passed over of each set of a table."""
    return owner.execute(
        "select status, to_char(settled_until, 'DD HH24:MI'), settled, blocked from retention_runs "
        "where phase = 'settled' and table_name = %s order by id",
        [table],
    ).fetchall()


def times(owner: psycopg.Connection, column: str, table: str) -> list[str]:
    rows = owner.execute(
        f"select to_char({column}, 'DD HH24:MI') from {table} order by 1".encode()
    ).fetchall()
    return [time for (time,) in rows]


def test_an_hour_is_one_set_once_it_is_over(any_migrated: str, owner: psycopg.Connection) -> None:
    send(any_migrated, "01:10", 30)
    send(any_migrated, "01:50", 30, name="later")
    do(any_migrated, "01:55", "select acknowledge(1, array(select id from messages limit 20), 'read')")
    receipt = settle(any_migrated, "01:59")
    assert receipt.settled == 0
    assert len(groups(owner, "messages")) == 60
    send(any_migrated, "02:05", 7, name="fresh")
    receipt = settle(any_migrated, "02:10")
    assert receipt.settled >= 60 + 60
    assert groups(owner, "messages", "created_at < '2031-05-06 02:00'") == [60]
    assert groups(owner, "message_deliveries", "delivery_status = 'delivered'") == [20]
    assert groups(owner, "messages") == [60, 7]  # what came since is a set of its own, for now
    send(any_migrated, "02:15", 5, name="last")
    assert settle(any_migrated, "02:59").settled == 0
    assert receipts(owner, "messages")[-2:] == [("done", "06 02:00", 60, 0), ("done", "06 02:10", 7, 0)]
    settle(any_migrated, "03:00")
    assert groups(owner, "messages") == [60, 12]


def test_sets_join_those_of_six_hours_and_of_the_day(any_migrated: str, owner: psycopg.Connection) -> None:
    for hour in (1, 4, 5, 6, 13, 22, 23):
        send(any_migrated, f"{hour:02}:20", 5, name=f"h{hour}-")
        settle(any_migrated, f"{hour + 1:02}:10" if hour < 23 else "23:59")
        if hour == 4:
            assert groups(owner, "messages") == [5, 5]
            assert times(owner, "created_at", "messages") == ["06 01:00"] * 5 + ["06 04:00"] * 5
        if hour == 5:
            assert groups(owner, "messages") == [15]
            assert set(times(owner, "created_at", "messages")) == {"06 00:00"}
        if hour == 22:
            assert groups(owner, "messages") == [15, 5, 5, 5]
    assert set(times(owner, "timestamp", "messages")) == {
        *("06 00:00", "06 06:00", "06 12:00", "06 22:00", "06 23:00")
    }
    assert unsettled(owner, "messages") == 5
    settle(any_migrated, "00:10", day="2031-05-07")
    assert groups(owner, "messages") == [35]
    assert groups(owner, "message_deliveries") == [35]
    assert set(times(owner, "created_at", "messages")) == {"06 00:00"}


def test_an_expiry_rises_with_its_row_where_that_lives_for_hours_or_days(
    any_migrated: str, owner: psycopg.Connection
) -> None:
    send(any_migrated, "07:20", 3, name="day", expires="interval '4 days'")
    send(any_migrated, "07:20", 3, name="eight", expires="interval '8 hours'")
    send(any_migrated, "08:50", 3, name="short", expires="interval '4 hours'")
    send(any_migrated, "07:20", 3, name="none")
    expiry = "to_char(expires_at, 'DD HH24')"

    def expiries(name: str) -> set[str]:
        return {
            found
            for (found,) in owner.execute(
                f"select {expiry} from messages where message_id like '{name}%'".encode()
            )
        }

    settle(any_migrated, "08:10")
    assert (expiries("day"), expiries("eight"), expiries("none")) == ({"10 08"}, {"06 16"}, {None})
    settle(any_migrated, "12:10")
    assert (expiries("day"), expiries("eight"), expiries("short")) == ({"10 12"}, {"06 18"}, {"06 13"})
    settle(any_migrated, "00:10", day="2031-05-07")
    assert (expiries("day"), expiries("eight"), expiries("short")) == ({"11 00"}, set(), set())


@pytest.mark.parametrize(
    ("table", "touch"),
    [
        ("message_deliveries", "select acknowledge(2, array(select id from messages), 'delivered')"),
        ("message_deliveries", "select acknowledge(2, array(select id from messages), 'failed')"),
        ("device_session_keys", rotate(1, "first", "second")),
        ("device_session_keys", "select revoke_device(1)"),
        ("messages", "update messages set message_type = 'media'"),
        ("messaging_public_keys", "update messaging_public_keys set is_active = false, revoked_at = now()"),
    ],
    ids=["delivered", "failed", "rotated", "revoked", "by hand", "unpublished"],
)
def test_what_was_touched_settles_again(
    any_migrated: str, owner: psycopg.Connection, table: str, touch: str
) -> None:
    send(any_migrated, "02:10", 5, to=2)
    do(
        any_migrated,
        "02:20",
        rotate(1, "", "first"),
        "insert into messaging_public_keys "
        "(user_id, x25519_public_key, ed25519_signature, ed25519_public_key, key_version) "
        "values (1, sha256('x'), sha256('s') || sha256('t'), sha256('k'), 1)",
    )
    settle(any_migrated, "03:05")
    settle(any_migrated, "00:10", day="2031-05-07")
    assert unsettled(owner, table) == 0
    do(any_migrated, "04:20", touch, day="2031-05-07")
    touched = unsettled(owner, table)
    assert touched
    settle(any_migrated, "05:05", day="2031-05-07")
    settle(any_migrated, "06:05", day="2031-05-07")
    assert unsettled(owner, table) == 0
    settle(any_migrated, "00:05", day="2031-05-08")
    assert groups(owner, table) == sorted(groups(owner, table), reverse=True)
    assert len(groups(owner, table)) <= 2


def test_what_the_sweep_itself_deactivates_settles_with_it(
    any_migrated: str, owner: psycopg.Connection
) -> None:
    do(
        any_migrated,
        "02:20",
        *(rotate(n, "", f"key{n}").replace("'hex')])", "'hex')], interval '2 hours')") for n in (1, 2, 3)),
    )
    settle(any_migrated, "03:05")
    assert settle(any_migrated, "06:05").deactivated == 3
    assert unsettled(owner, "device_session_keys") == 0
    assert groups(owner, "device_session_keys") == [3]


def test_session_keys_of_a_day_are_one_set_each_hour(any_migrated: str, owner: psycopg.Connection) -> None:
    for hour in (2, 3, 9):
        do(any_migrated, f"{hour:02}:20", rotate(1, "", f"a{hour}"), rotate(2, "", f"b{hour}"))
        settle(any_migrated, f"{hour + 1:02}:05")
        assert len(groups(owner, "device_session_keys")) == 1
    assert set(times(owner, "created_at", "device_session_keys")) == {"06 00:00"}
    settle(any_migrated, "00:05", day="2031-05-07")
    do(any_migrated, "02:20", rotate(1, "a9", "c"), day="2031-05-07")
    settle(any_migrated, "03:05", day="2031-05-07")
    assert groups(owner, "device_session_keys") == [5, 2]  # those of today, and the one that was replaced


def test_no_transaction_settles_two_kinds_of_rows(any_migrated: str, owner: psycopg.Connection) -> None:
    send(any_migrated, "02:10", 5)
    do(any_migrated, "02:20", rotate(1, "", "first"), "select acknowledge(1, array[1::bigint], 'read')")
    settle(any_migrated, "03:05")
    found = [transactions(owner, table) for table in (*TABLES, "users", "webauthn_credentials")]
    assert sum(map(len, found)) == len(set().union(*found))


def test_whoever_locked_a_person_or_a_device_is_written_over(
    any_migrated: str, owner: psycopg.Connection
) -> None:
    locked = "xmax::text <> '0' and xmax::text <> xmin::text"
    send(any_migrated, "02:10", 5)
    do(any_migrated, "02:20", rotate(1, "", "first"))
    with psycopg.connect(any_migrated, autocommit=True) as connection:  # whatever the functions lock
        connection.execute("select from users where id = 2 for update")
        connection.execute("select from webauthn_credentials where id = 2 for key share")
    assert groups(owner, "users", locked)
    assert groups(owner, "webauthn_credentials", locked)
    settle(any_migrated, "03:05")
    assert not groups(owner, "users", locked)
    assert not groups(owner, "webauthn_credentials", locked)
    assert not transactions(owner, "users", "xmax::text <> '0'")  # the program froze what it wrote


def test_the_procedure_settles_the_same_and_says_that_it_cannot_vacuum(
    any_migrated: str, owner: psycopg.Connection
) -> None:
    send(any_migrated, "02:10", 40)
    do(any_migrated, "03:05", "call retention_sweep(target_ms => null, duty => 1)")
    assert groups(owner, "messages") == [40]
    assert groups(owner, "message_deliveries") == [40]
    assert not groups(owner, "users", "xmax::text <> '0' and xmax::text <> xmin::text")
    last = owner.execute(
        "select status, error_class, settled > 0 from retention_runs order by id desc limit 1"
    ).fetchone()
    assert last == ("done", "settled-not-vacuumed", True)
    assert verify_target(Target(any_migrated)).problems == ()


def test_after_hours_without_a_sweep_days_and_six_hours_are_caught_up(
    any_migrated: str, owner: psycopg.Connection
) -> None:
    send(any_migrated, "22:10", 4, name="old")
    send(any_migrated, "03:10", 4, name="night", day="2031-05-07")
    send(any_migrated, "09:10", 4, name="morning", day="2031-05-07")
    send(any_migrated, "13:10", 4, name="now", day="2031-05-07")
    settle(any_migrated, "14:30", day="2031-05-07")
    assert groups(owner, "messages") == [8, 4, 4]
    assert times(owner, "created_at", "messages") == [
        *["06 00:00"] * 4,
        *["07 00:00"] * 4,
        *["07 06:00"] * 4,
        *["07 13:00"] * 4,
    ]


def test_a_message_keeps_its_number_and_a_delivery_gets_another(
    any_migrated: str, owner: psycopg.Connection
) -> None:
    send(any_migrated, "02:10", 30)
    numbers = "select array_agg(id order by message_id) from messages"
    deliveries = "select array_agg(id order by message_id) from message_deliveries"
    before = [owner.execute(query.encode()).fetchone() for query in (numbers, deliveries)]
    settle(any_migrated, "03:10")
    after = [owner.execute(query.encode()).fetchone() for query in (numbers, deliveries)]
    assert after[0] == before[0]
    assert not set(after[1][0]) & set(before[1][0])


def test_a_sweep_of_some_tables_settles_nothing(any_migrated: str, owner: psycopg.Connection) -> None:
    send(any_migrated, "02:10", 3)
    sweep(settling.at(any_migrated, "03:10"), tables=["messages"])
    assert unsettled(owner, "messages") == 3
