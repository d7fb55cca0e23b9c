"""What a row must not say about two people: deliveries and session keys stay with one user, whoever tries."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import IsolationLevel, errors

from .rows import ANNA, GOOD, insert, two_people

Write = Callable[[psycopg.Connection], object]


@pytest.fixture
def people(any_migrated: str) -> Iterator[psycopg.Connection]:
    """Two people on every major, in UTC."""
    with psycopg.connect(any_migrated, options="-c TimeZone=UTC", autocommit=True) as opened:
        two_people(opened)
        yield opened


def copied(connection: psycopg.Connection) -> None:
    with connection.cursor().copy(
        "copy message_deliveries (message_id, webauthn_credential_id) from stdin"
    ) as copy:
        copy.write_row((1, 1))
        copy.write_row((1, 2))


STRANGER: dict[str, Write] = {
    "insert": lambda c: c.execute(
        "insert into message_deliveries (message_id, webauthn_credential_id) values (1, 2)"
    ),
    "one bad row among good ones": lambda c: c.execute(
        "insert into message_deliveries (message_id, webauthn_credential_id) values (1, 1), (2, 2), (1, 2)"
    ),
    "insert select": lambda c: c.execute(
        """
        insert into message_deliveries (message_id, webauthn_credential_id)
        select messages.id, webauthn_credentials.id from messages, webauthn_credentials
        """
    ),
    "copy": copied,
    "on conflict do nothing": lambda c: c.execute(
        """
        insert into message_deliveries (message_id, webauthn_credential_id) values (1, 2)
        on conflict do nothing
        """
    ),
    "on conflict do update": lambda c: c.execute(
        """
        insert into message_deliveries (message_id, webauthn_credential_id) values (1, 1);
        insert into message_deliveries (message_id, webauthn_credential_id) values (1, 1)
        on conflict (message_id, webauthn_credential_id) do update set webauthn_credential_id = 2
        """
    ),
    "merge": lambda c: c.execute(
        """
        merge into message_deliveries using (values (1, 2)) as stranger (message, device) on false
        when not matched then
        insert (message_id, webauthn_credential_id) values (stranger.message, stranger.device)
        """
    ),
    "in a statement that makes the message": lambda c: c.execute(
        f"""
        with made as (
          insert into messages (destination_phone, encrypted_content, message_id)
          values ('{ANNA}', '\\x{"00" * 28}', 'new') returning id
        )
        insert into message_deliveries (message_id, webauthn_credential_id) select id, 2 from made
        """
    ),
    "update": lambda c: c.execute(
        """
        insert into message_deliveries (message_id, webauthn_credential_id) values (1, 1);
        update message_deliveries set webauthn_credential_id = 2
        """
    ),
}


@pytest.mark.parametrize("write", STRANGER.values(), ids=STRANGER.keys())
def test_no_delivery_to_a_device_of_somebody_else(people: psycopg.Connection, write: Write) -> None:
    with pytest.raises((errors.IntegrityConstraintViolation, errors.ObjectNotInPrerequisiteState)) as refused:
        write(people)
    assert "5550100" not in str(refused.value.diag.message_primary) + str(refused.value.diag.message_detail)
    assert people.execute("select count(*) from message_deliveries").fetchone() == (0,)


@pytest.mark.parametrize("write", STRANGER.values(), ids=STRANGER.keys())
def test_the_triggers_alone_stand_in_the_way(people: psycopg.Connection, write: Write) -> None:
    """The test above would pass for any other reason too: without the triggers every one of them gets in."""
    people.execute("alter table message_deliveries disable trigger user")
    write(people)
    assert people.execute(
        """
        select count(*) > 0 from message_deliveries
        join messages on messages.id = message_deliveries.message_id
        join webauthn_credentials on webauthn_credentials.id = webauthn_credential_id
        join users on users.id = user_id
        where phone_number <> destination_phone
        """
    ).fetchone() == (True,)


def test_a_delivery_to_the_destinations_own_devices(people: psycopg.Connection) -> None:
    insert(
        people, "webauthn_credentials", {"user_id": 1, "credential_id": b"2" * 16, "public_key": b"p" * 40}
    )
    people.execute(
        "insert into message_deliveries (message_id, webauthn_credential_id) values (1, 1), (1, 3), (2, 2)"
    )
    people.execute("update message_deliveries set delivery_status = 'delivered', read_at = now()")


def test_a_message_to_nobody_has_no_device(people: psycopg.Connection) -> None:
    people.execute(
        "insert into messages (id, destination_phone, encrypted_content, message_id)"
        " values (3, %s, %s, 'nobody')",
        ["+15550100003", b"e" * 28],
    )
    with pytest.raises(errors.IntegrityConstraintViolation):
        people.execute("insert into message_deliveries (message_id, webauthn_credential_id) values (3, 1)")


def test_what_an_old_snapshot_does_not_show_is_refused(any_migrated: str, people: psycopg.Connection) -> None:
    """A device that came after the snapshot is not taken for the destination's own."""
    with psycopg.connect(any_migrated, options="-c TimeZone=UTC") as old:
        old.isolation_level = IsolationLevel.REPEATABLE_READ
        old.execute("select 1 from messages")
        insert(
            people,
            "webauthn_credentials",
            {"user_id": 2, "credential_id": b"2" * 16, "public_key": b"p" * 40},
        )
        with pytest.raises((errors.IntegrityConstraintViolation, errors.ForeignKeyViolation)):
            old.execute("insert into message_deliveries (message_id, webauthn_credential_id) values (1, 3)")


def test_temporary_tables_do_not_stand_in_for_ours(people: psycopg.Connection) -> None:
    """pg_temp comes first in any search_path that does not name it; the triggers' own names it last."""
    people.execute(f"create temporary table users as select 2 as id, '{ANNA}'::varchar as phone_number")
    people.execute("create temporary table webauthn_credentials as select 2 as id, 1 as user_id")
    people.execute("set search_path to pg_temp, public")
    with pytest.raises(errors.IntegrityConstraintViolation):
        people.execute(
            "insert into public.message_deliveries (message_id, webauthn_credential_id) values (1, 2)"
        )


@pytest.mark.parametrize("level", IsolationLevel)
@pytest.mark.parametrize("device", [True, False], ids=["device", "no device"])
def test_one_session_key_id_never_stands_under_two_users(
    any_migrated: str, people: psycopg.Connection, level: IsolationLevel, device: bool
) -> None:
    """Both sides store it at the same moment, each unseen by the other: one of them fails."""

    def row(user: int) -> dict[str, object]:
        changed = {"user_id": user, "webauthn_credential_id": user if device else None}
        return GOOD["device_session_keys"] | changed

    with (
        psycopg.connect(any_migrated, options="-c TimeZone=UTC") as first,
        psycopg.connect(any_migrated, options="-c TimeZone=UTC") as second,
    ):
        for side in (first, second):
            side.isolation_level = level
            side.execute("select count(*) from device_session_keys")
        insert(first, "device_session_keys", row(1))
        failed: list[psycopg.Error] = []

        def store() -> None:
            try:
                insert(second, "device_session_keys", row(2))
                second.commit()
            except psycopg.Error as error:
                failed.append(error)

        storing = threading.Thread(target=store)
        storing.start()
        first.commit()  # before or after the other side has come to wait for it: the outcome is the same
        storing.join()
    assert len(failed) == 1
    assert people.execute("select count(distinct user_id) from device_session_keys").fetchone() == (1,)


def test_one_session_key_for_every_device_of_its_user(people: psycopg.Connection) -> None:
    insert(
        people, "webauthn_credentials", {"user_id": 1, "credential_id": b"2" * 16, "public_key": b"p" * 40}
    )
    for device in (1, 3, None):
        insert(
            people, "device_session_keys", GOOD["device_session_keys"] | {"webauthn_credential_id": device}
        )
    for device in (1, None):
        with pytest.raises(errors.UniqueViolation):
            insert(
                people,
                "device_session_keys",
                GOOD["device_session_keys"] | {"webauthn_credential_id": device},
            )


def test_no_session_key_on_a_device_of_somebody_else(people: psycopg.Connection) -> None:
    crossed = GOOD["device_session_keys"] | {"webauthn_credential_id": 2}
    with pytest.raises(errors.IntegrityConstraintViolation):
        insert(people, "device_session_keys", crossed)
    people.execute("alter table device_session_keys disable trigger user")
    insert(people, "device_session_keys", crossed)


def test_all_of_a_person_goes_with_the_person(people: psycopg.Connection) -> None:
    for table in ("device_session_keys", "message_deliveries", "messaging_public_keys"):
        insert(people, table, GOOD[table])
    people.execute("delete from users where phone_number = %s", [ANNA])
    for table in ("device_session_keys", "message_deliveries", "messaging_public_keys"):
        assert people.execute(f"select count(*) from {table}").fetchone() == (0,)
    assert people.execute("select user_id from webauthn_credentials").fetchall() == [(2,)]


def test_planner_statistics_keep_no_number_identifier_or_key(people: psycopg.Connection) -> None:
    """They outlive the rows. The exclusion's index has statistics of its own."""
    for table in ("device_session_keys", "message_deliveries", "ephemeral_keys", "messaging_public_keys"):
        insert(people, table, GOOD[table])
    people.execute("analyze")
    kept = people.execute("select tablename, attname from pg_stats where schemaname = 'public'").fetchall()
    assert ("users", "created_at") in kept
    assert ("device_session_keys", "user_id") in kept
    indexes = people.execute("select relname from pg_class where relkind = 'i'").fetchall()
    assert [table for table, _ in kept if (table,) in indexes] == []  # no hash of the exclusion's
    secret = {
        "phone_number", "destination_phone", "credential_id", "public_key", "encrypted_content", "message_id",
        "session_key_id", "encrypted_session_key", "ephemeral_public_key", "key_exchange_id",
        "x25519_public_key", "ed25519_signature", "ed25519_public_key",
    }  # fmt: skip
    leaks = {(table, column) for table, column in kept if column in secret}
    assert leaks - {("message_deliveries", "message_id")} == set()  # there it is the number of a row
