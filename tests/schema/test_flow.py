"""The four flows, one function after the other, on every major."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from psycopg import errors

from .app import CIPHERTEXT, IDENTITY, KEY, OTHER_KEY, SEALED, SIGNATURE, App, app

ANNA, BORIS, NOBODY = "+15550100001", "+15550100002", "+15550100003"


@pytest.fixture
def session(any_migrated: str) -> Iterator[App]:
    with app(any_migrated) as opened:
        yield opened


@pytest.fixture
def owner(any_migrated: str) -> Iterator[psycopg.Connection]:
    """Looks behind the functions."""
    with psycopg.connect(any_migrated, options="-c TimeZone=UTC", autocommit=True) as opened:
        yield opened


def count(owner: psycopg.Connection, table: str) -> int:
    row = owner.execute(f"select count(*) from {table}").fetchone()
    assert row is not None
    return int(row[0])


# Sending


def test_a_message_reaches_every_device_of_its_destination_and_no_other(session: App) -> None:
    _, anna = session.user(ANNA, devices=3)
    _, boris = session.user(BORIS, devices=2)
    assert session.send(ANNA, "m1")
    assert [session.waiting(device) for device in anna + boris] == [["m1"]] * 3 + [[]] * 2


def test_what_is_fetched_is_what_was_sent(session: App) -> None:
    _, [device] = session.user(ANNA)
    session.send(ANNA, "m1", b"\x00\xff" * 20, kind="media", expires_in=timedelta(days=1))
    [(_, message, content, time, kind, expiry)] = session.rows("fetch_messages", device)
    now = datetime.now(UTC)
    assert (message, content, kind) == ("m1", b"\x00\xff" * 20, "media")
    assert time == time.replace(minute=0, second=0, microsecond=0)
    assert timedelta() <= now - time < timedelta(hours=1, minutes=1)
    assert expiry == expiry.replace(minute=0, second=0, microsecond=0)
    assert timedelta(days=1) - timedelta(minutes=1) < expiry - now <= timedelta(days=1, hours=1)


def test_a_replay_stores_nothing_and_says_so(session: App, owner: psycopg.Connection) -> None:
    session.user(ANNA, devices=2)
    assert session.send(ANNA, "m1")
    assert not session.send(ANNA, "m1", b"other content, same id" * 2)
    assert session.call("send_messages", [ANNA, ANNA], [CIPHERTEXT] * 2, ["m1", "m2"]) == [False, True]
    assert (count(owner, "messages"), count(owner, "message_deliveries")) == (2, 4)


def test_one_id_never_stands_for_two_destinations(session: App, owner: psycopg.Connection) -> None:
    """It would link the members of a group."""
    session.user(ANNA)
    session.user(BORIS)
    session.send(ANNA, "m1")
    with pytest.raises(errors.UniqueViolation, match="is taken"):
        session.send(BORIS, "m1")
    with pytest.raises(errors.UniqueViolation, match="is taken"):
        session.call("send_messages", [BORIS, BORIS], [CIPHERTEXT] * 2, ["m2", "m1"])
    with pytest.raises(errors.UniqueViolation, match="is taken"):
        session.call("send_messages", [ANNA, BORIS], [CIPHERTEXT] * 2, ["m3", "m3"])
    assert count(owner, "messages") == 1


def test_a_number_that_nobody_has_gets_the_same_answer_and_no_row(
    session: App, owner: psycopg.Connection
) -> None:
    session.call("register_user", BORIS)  # and no device
    assert session.send(NOBODY, "m1")
    assert session.send(BORIS, "m1")
    assert session.call("send_messages", [NOBODY, BORIS], [CIPHERTEXT] * 2, ["m1", "m2"]) == [True, True]
    assert session.call("publish_ephemeral_key", NOBODY, KEY, "x1") == ""
    assert count(owner, "messages") == count(owner, "ephemeral_keys") == 0


def test_a_batch_answers_each_message_in_its_order(session: App) -> None:
    _, [anna] = session.user(ANNA)
    _, boris = session.user(BORIS, devices=2)
    session.send(ANNA, "old")
    answers = session.call(
        "send_messages",
        [ANNA, BORIS, NOBODY, ANNA, ANNA, BORIS],
        [CIPHERTEXT] * 6,
        ["a", "b", "c", "old", "a", "d"],
        kinds=["text", None, "text", None, "text", "system"],
        expires_in=[None, timedelta(hours=1), None, None, None, None],
    )
    assert answers == [True, True, True, False, False, True]
    assert sorted(session.waiting(anna)) == ["a", "old"]
    for device in boris:
        found = {row[1]: (row[4], row[5]) for row in session.rows("fetch_messages", device)}
        assert found.keys() == {"b", "d"}
        assert found["d"] == ("system", None)
        assert found["b"][0] == "text"
        assert found["b"][1] is not None


def test_an_id_that_went_to_nobody_is_free_for_somebody_in_the_same_batch(session: App) -> None:
    _, [device] = session.user(ANNA)
    answers = session.call("send_messages", [NOBODY, ANNA, NOBODY, ANNA], [CIPHERTEXT] * 4, ["m"] * 4)
    assert answers == [True, True, True, False]
    assert session.waiting(device) == ["m"]


def test_a_batch_is_stored_in_an_order_of_its_own(session: App, owner: psycopg.Connection) -> None:
    """Places in the file follow the order of insertion, so that must not be the order of sending."""
    session.user(ANNA)
    sent = [f"m{number}" for number in range(200)]
    session.call("send_messages", [ANNA] * 200, [CIPHERTEXT] * 200, sent)
    stored = [name for (name,) in owner.execute("select message_id from messages order by ctid")]
    assert sorted(stored) == sorted(sent)
    in_place = sum(first == second for first, second in zip(sent, stored, strict=True))
    neighbours = sum(sent.index(b) - sent.index(a) == 1 for a, b in pairwise(stored))
    assert in_place < 20
    assert neighbours < 20


# Fetching and acknowledging


def test_acknowledging_a_page_brings_the_next(session: App) -> None:
    _, [device, other] = session.user(ANNA, devices=2)
    for number in range(5):
        session.send(ANNA, f"m{number}")
    seen: list[str] = []
    while page := session.rows("fetch_messages", device, 2):
        seen += [row[1] for row in page]
        assert session.call("acknowledge", device, [row[0] for row in page], "delivered") == len(page)
    assert sorted(seen) == [f"m{number}" for number in range(5)]
    assert len(session.waiting(other)) == 5


def test_a_message_that_commits_late_is_not_passed_over(any_migrated: str, session: App) -> None:
    """No position in the numbers could tell that it came."""
    _, [device] = session.user(ANNA)
    with app(any_migrated) as slow:
        with slow.connection.transaction():
            slow.send(ANNA, "late commit")
            session.send(ANNA, "early commit")
            [page] = session.rows("fetch_messages", device)
            session.call("acknowledge", device, [page[0]], "delivered")
        assert session.waiting(device) == ["late commit"]


def test_expired_messages_are_not_shown_swept_or_not(session: App, owner: psycopg.Connection) -> None:
    _, [device] = session.user(ANNA)
    session.send(ANNA, "kept")
    session.send(ANNA, "gone", expires_in=timedelta(hours=1))
    owner.execute("update messages set expires_at = now() - interval '2 hours' where message_id = 'gone'")
    assert session.waiting(device) == ["kept"]
    assert count(owner, "messages") == 2


def test_a_device_acknowledges_only_its_own(session: App) -> None:
    _, [anna] = session.user(ANNA)
    _, [boris] = session.user(BORIS)
    session.send(ANNA, "m1")
    [(number, *_)] = session.rows("fetch_messages", anna)
    for outcome in ("delivered", "read", "failed"):
        assert session.call("acknowledge", boris, [number], outcome) == 0
    assert session.waiting(anna) == ["m1"]
    assert session.call("acknowledge", anna, [number, number, 999], "delivered") == 1


def test_outcomes_of_a_delivery(session: App, owner: psycopg.Connection) -> None:
    _, [device] = session.user(ANNA)
    session.call("send_messages", [ANNA] * 4, [CIPHERTEXT] * 4, ["a", "b", "c", "d"])
    numbers = {row[1]: row[0] for row in session.rows("fetch_messages", device)}

    def say(outcome: str, *messages: str) -> int:
        return int(session.call("acknowledge", device, [numbers[name] for name in messages], outcome))

    assert say("delivered", "a", "b") == 2
    assert say("delivered", "a") == 0  # again
    assert say("failed", "a", "c") == 1  # what was delivered cannot fail
    assert say("delivered", "c") == 1  # what failed may be delivered later
    assert say("read", "a", "d") == 2  # what is read was delivered
    assert say("read", "a") == 0
    assert session.waiting(device) == []
    found = owner.execute(
        """
        select messages.message_id, delivery_status, delivered_at is not null, read_at is not null
        from message_deliveries join messages on messages.id = message_deliveries.message_id order by 1
        """
    ).fetchall()
    assert found == [
        ("a", "delivered", True, True),
        ("b", "delivered", True, False),
        ("c", "delivered", True, False),
        ("d", "delivered", True, True),
    ]


# Users and devices


def test_a_registered_number_is_refused_to_the_next(session: App) -> None:
    session.user(ANNA)
    with pytest.raises(errors.UniqueViolation, match="registered already"):
        session.call("register_user", ANNA)


def test_a_credential_is_registered_once(session: App) -> None:
    first = session.call("register_user", ANNA)
    second = session.call("register_user", BORIS)
    session.call("register_device", first, b"c" * 16, b"k")
    for user in (first, second):
        with pytest.raises(errors.UniqueViolation, match="registered already"):
            session.call("register_device", user, b"c" * 16, b"k")


def test_signing_in(session: App) -> None:
    user = session.call("register_user", ANNA)
    device = session.call("register_device", user, b"c" * 16, b"cose key", 3)
    assert session.rows("find_device", b"c" * 16) == [(device, user, b"cose key", 3)]
    assert session.rows("find_device", b"d" * 16) == []
    assert [session.call("record_sign_count", device, n) for n in (4, 4, 3, 9)] == [True, False, False, True]
    silent = session.call("register_device", user, b"d" * 16, b"cose key")
    assert [session.call("record_sign_count", silent, 0) for _ in range(2)] == [True, True]
    session.call("revoke_device", device)
    assert session.rows("find_device", b"c" * 16) == []
    with pytest.raises(errors.NoDataFound):
        session.call("record_sign_count", device, 10)


def test_a_revoked_device_gets_nothing_more(session: App, owner: psycopg.Connection) -> None:
    user, [kept, revoked] = session.user(ANNA, devices=2)
    session.call("rotate_session_key", user, None, "s1", [kept, revoked], [SEALED] * 2)
    session.send(ANNA, "m1")
    [(number, *_)] = session.rows("fetch_messages", revoked)
    session.call("acknowledge", revoked, [number], "delivered")
    session.send(ANNA, "m2")
    assert session.call("revoke_device", revoked)
    assert not session.call("revoke_device", revoked)
    session.send(ANNA, "m3")
    with pytest.raises(errors.NoDataFound):
        session.waiting(revoked)
    assert sorted(session.waiting(kept)) == ["m1", "m2", "m3"]
    assert [row[0] for row in session.rows("active_devices", user)] == [kept]
    assert [row[4] for row in session.rows("session_keys", revoked)] == [False]
    assert [row[4] for row in session.rows("session_keys", kept)] == [True]
    assert owner.execute(
        "select count(*) from message_deliveries where webauthn_credential_id = %s", [revoked]
    ).fetchone() == (1,)  # the one that it had


def test_what_waited_for_a_revoked_device_alone_goes_with_it(session: App, owner: psycopg.Connection) -> None:
    _, [device] = session.user(ANNA)
    session.send(ANNA, "read")
    [(number, *_)] = session.rows("fetch_messages", device)
    session.call("acknowledge", device, [number], "read")
    session.send(ANNA, "waiting")
    session.call("revoke_device", device)
    assert owner.execute("select message_id from messages").fetchall() == [("read",)]


def test_a_device_registered_later_gets_what_is_sent_from_then_on(session: App) -> None:
    user, [first] = session.user(ANNA)
    session.send(ANNA, "before")
    second = session.call("register_device", user, b"n" * 16, b"k")
    session.send(ANNA, "after")
    assert sorted(session.waiting(first)) == ["after", "before"]
    assert session.waiting(second) == ["after"]


def everything_of(session: App, phone: str) -> tuple[int, int]:
    user, [device] = session.user(phone)
    session.call("publish_public_key", user, KEY, SIGNATURE, IDENTITY)
    session.call("rotate_session_key", user, None, f"s{phone}", [device], [SEALED])
    session.call("publish_ephemeral_key", phone, KEY, f"x{phone}")
    session.send(phone, f"m{phone}")
    return user, device


TABLES = (
    "users", "webauthn_credentials", "messages", "device_session_keys", "message_deliveries",
    "ephemeral_keys", "messaging_public_keys",
)  # fmt: skip


def test_forgetting_leaves_nothing_of_one_and_all_of_the_other(
    session: App, owner: psycopg.Connection
) -> None:
    everything_of(session, ANNA)
    _, device = everything_of(session, BORIS)
    assert session.call("forget_phone_number", ANNA) is True
    assert session.call("forget_phone_number", ANNA) is False
    assert {table: count(owner, table) for table in TABLES} == dict.fromkeys(TABLES, 1)
    assert session.waiting(device) == [f"m{BORIS}"]


@pytest.mark.parametrize("left", ["messages", "ephemeral_keys"])
def test_a_number_changes_hands_only_when_nothing_is_left_of_it(
    session: App, owner: psycopg.Connection, left: str
) -> None:
    everything_of(session, ANNA)
    owner.execute("delete from users")
    owner.execute(f"delete from {'ephemeral_keys' if left == 'messages' else 'messages'}")
    with pytest.raises(errors.ObjectInUse, match="former owner"):
        session.call("register_user", ANNA)
    assert count(owner, "users") == 0
    assert session.call("register_user", ANNA, forget_former=True)
    assert count(owner, left) == 0


def test_registering_anew_forgets_a_former_owner_whole(session: App, owner: psycopg.Connection) -> None:
    former, _ = everything_of(session, ANNA)
    assert session.call("register_user", ANNA, True) != former
    assert sum(count(owner, table) for table in TABLES) == 1


# Keys


def test_publishing_a_key_revokes_the_one_before(session: App, owner: psycopg.Connection) -> None:
    user, _ = session.user(ANNA)
    assert session.rows("active_public_key", ANNA) == []
    assert session.call("publish_public_key", user, KEY, SIGNATURE, IDENTITY) == 1
    assert session.call("publish_public_key", user, OTHER_KEY, SIGNATURE, IDENTITY) == 2
    assert session.rows("active_public_key", ANNA) == [(2, OTHER_KEY, SIGNATURE, IDENTITY, 1)]
    assert session.rows("active_public_key", NOBODY) == []
    assert owner.execute(
        "select key_version, is_active, revoked_at is null from messaging_public_keys order by 1"
    ).fetchall() == [(1, False, False), (2, True, True)]


def test_rotating_counts_up_and_keeps_the_old_keys(session: App) -> None:
    user, [first, second] = session.user(ANNA, devices=2)
    devices, sealed = [second, first], [b"2" * 60, b"1" * 60]
    start = session.call("rotate_session_key", user, None, "s1", devices, sealed)
    other = session.call("rotate_session_key", user, None, "other session", devices, sealed)
    assert session.call("rotate_session_key", user, "s1", "s2", devices, sealed) == start + 1
    week = timedelta(days=7)
    assert session.call("rotate_session_key", user, "s2", "s3", devices, sealed, week) == start + 2
    for device, key in ((first, b"1" * 60), (second, b"2" * 60)):
        found = {row[:3] + row[4:] for row in session.rows("session_keys", device)}
        assert found == {
            ("other session", key, other, True),
            ("s1", key, start, False),
            ("s2", key, start + 1, False),
            ("s3", key, start + 2, True),
        }


def test_a_session_key_is_replaced_once(session: App, owner: psycopg.Connection) -> None:
    user, [device] = session.user(ANNA)

    def rotate(replaced: str | None, session_id: str) -> int:
        return int(session.call("rotate_session_key", user, replaced, session_id, [device], [SEALED]))

    start = rotate(None, "s1")
    rotate("s1", "s2")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="replaced already"):
        rotate("s1", "fork")
    with pytest.raises(errors.NoDataFound, match="no session key"):
        rotate("never", "s3")
    owner.execute("update device_session_keys set is_active = false, expires_at = now() - interval '1 day'")
    assert rotate("s2", "s3") == start + 2  # a sweep made it inactive, nobody replaced it


def test_a_rotation_is_for_exactly_the_active_devices(session: App) -> None:
    user, [first, second] = session.user(ANNA, devices=2)
    _, [stranger] = session.user(BORIS)
    for devices in ([first], [first, second, stranger], [first, stranger], [first, first], [first, 999]):
        with pytest.raises(errors.ObjectNotInPrerequisiteState, match="active devices"):
            session.call("rotate_session_key", user, None, "s1", devices, [SEALED] * len(devices))
    session.call("revoke_device", second)
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        session.call("rotate_session_key", user, None, "s1", [first, second], [SEALED] * 2)
    session.call("rotate_session_key", user, None, "s1", [first], [SEALED])


def test_a_session_key_id_of_another_user_is_refused(session: App, owner: psycopg.Connection) -> None:
    """Both sides of a conversation have one id for it at hand; stored twice it is the contact list."""
    first, [one] = session.user(ANNA)
    second, [two] = session.user(BORIS)
    session.call("rotate_session_key", first, None, "s1", [one], [SEALED])
    with pytest.raises(errors.UniqueViolation, match="is taken") as refused:
        session.call("rotate_session_key", second, None, "s1", [two], [SEALED])
    assert refused.value.diag.message_detail is None
    with pytest.raises(errors.UniqueViolation, match="is taken"):
        session.call("rotate_session_key", first, "s1", "s1", [one], [SEALED])
    assert count(owner, "device_session_keys") == 1


def test_an_expired_session_key_is_inactive_swept_or_not(session: App, owner: psycopg.Connection) -> None:
    user, [device] = session.user(ANNA)
    session.call("rotate_session_key", user, None, "s1", [device], [SEALED], timedelta(hours=1))
    owner.execute("update device_session_keys set expires_at = now() - interval '2 hours'")
    assert [row[4] for row in session.rows("session_keys", device)] == [False]


def test_an_ephemeral_key_is_claimed_once_and_is_gone(session: App, owner: psycopg.Connection) -> None:
    session.user(ANNA)
    session.user(BORIS)
    session.call("publish_ephemeral_key", ANNA, KEY, "x1", timedelta(minutes=45))
    session.call("publish_ephemeral_key", ANNA, OTHER_KEY, "x2", timedelta(minutes=1))
    session.call("publish_ephemeral_key", ANNA, KEY, "x3", timedelta(minutes=50))
    assert session.rows("claim_ephemeral_key", BORIS) == []
    assert session.rows("claim_ephemeral_key", BORIS, "x1") == []
    assert session.rows("claim_ephemeral_key", ANNA) == [("x2", OTHER_KEY)]  # the first to expire
    assert session.rows("claim_ephemeral_key", ANNA, "x3") == [("x3", KEY)]
    assert session.rows("claim_ephemeral_key", ANNA, "x3") == []
    assert session.rows("claim_ephemeral_key", ANNA) == [("x1", KEY)]
    assert session.rows("claim_ephemeral_key", ANNA) == []
    assert count(owner, "ephemeral_keys") == 0


@pytest.mark.parametrize("change", ["used = true", "expires_at = now() - interval '1 hour'"])
def test_a_used_or_expired_ephemeral_key_never_comes(
    session: App, owner: psycopg.Connection, change: str
) -> None:
    session.user(ANNA)
    session.call("publish_ephemeral_key", ANNA, KEY, "x1")
    owner.execute(f"update ephemeral_keys set {change}")
    assert session.rows("claim_ephemeral_key", ANNA) == []
    assert session.rows("claim_ephemeral_key", ANNA, "x1") == []


def test_an_exchange_id_is_used_once(session: App) -> None:
    session.user(ANNA)
    session.user(BORIS)
    session.call("publish_ephemeral_key", ANNA, KEY, "x1")
    for phone in (ANNA, BORIS):
        with pytest.raises(errors.UniqueViolation, match="is taken"):
            session.call("publish_ephemeral_key", phone, KEY, "x1")
