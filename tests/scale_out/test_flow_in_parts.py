"""The four flows in the layout for Citus: the same tests as of the core, but for what the layout loses."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest
from psycopg import errors

from ..schema import test_flow, test_flow_contention
from ..schema.app import CIPHERTEXT, SEALED, App, app
from ..schema.test_flow import ANNA, BORIS
from ..schema.test_flow_contention import blocked_behind

DIFFERENT = {
    # one id can stand under two destinations, of which no node knows both
    "test_one_id_never_stands_for_two_destinations",
    "test_one_message_id_for_two_destinations_is_stored_for_one",
    # a place in the file is of one part
    "test_a_batch_is_stored_in_an_order_of_its_own",
    # whoever comes in between calls again, see below
    "test_a_message_that_comes_while_its_device_or_person_goes",
}

WAITING = {
    "test_a_device_cannot_come_between_a_rotation",
    "test_a_message_on_its_way_when_its_device_or_person_goes",
    "test_an_ephemeral_key_that_comes_while_its_person_goes",
}
"""They look for a session that waits, which on Citus may wait on another node."""

globals().update(
    {
        name: each
        for name, each in {**vars(test_flow), **vars(test_flow_contention)}.items()
        if name.startswith("test_") and name not in DIFFERENT
    }
)


@pytest.fixture
def any_migrated(in_parts: str) -> str:
    return in_parts


@pytest.fixture
def migrated(in_parts: str) -> str:
    return in_parts


@pytest.fixture
def session(in_parts: str) -> Iterator[App]:
    with app(in_parts) as opened:
        yield opened


@pytest.fixture
def owner(in_parts: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(in_parts, options="-c TimeZone=UTC", autocommit=True) as opened:
        yield opened


@pytest.mark.parametrize("change", ["revoke_device", "forget_phone_number"])
@pytest.mark.parametrize("batch", [False, True])
def test_a_message_that_comes_while_its_device_or_person_goes_is_sent_again(
    in_parts: str, session: App, owner: psycopg.Connection, change: str, batch: bool
) -> None:
    """No lock of the device, which would be everybody's on Citus: the key waits, and then there is nobody."""
    _, [device] = session.user(ANNA)

    def send() -> object:
        return (
            session.call("send_messages", [ANNA], [CIPHERTEXT], ["m1"]) if batch else session.send(ANNA, "m1")
        )

    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        changing = stack.enter_context(app(in_parts))
        with changing.connection.transaction():
            changing.call(change, device if change == "revoke_device" else ANNA)
            running = pool.submit(send)
            blocked_behind(owner, session, running)
        with pytest.raises(errors.SerializationFailure, match="call again") as refused:
            running.result()
    assert ANNA not in f"{refused.value} {refused.value.diag.message_detail}"
    assert send() in (True, [True])
    assert owner.execute("select count(*) from message_deliveries").fetchone() == (0,)
    assert owner.execute("select count(*) from messages").fetchone() == (0,)


def test_one_id_in_a_batch_stands_for_one_destination(session: App) -> None:
    for phone in (ANNA, BORIS):
        session.user(phone)
    with pytest.raises(errors.UniqueViolation, match="is taken"):
        session.call("send_messages", [ANNA, BORIS], [CIPHERTEXT] * 2, ["m1", "m1"])
    assert session.send(ANNA, "m1")
    assert session.send(BORIS, "m1"), "what the layout loses"


def test_a_delivery_to_a_stranger_is_refused_by_a_key(session: App, owner: psycopg.Connection) -> None:
    session.user(ANNA)
    _, [stranger] = session.user(BORIS)
    session.send(ANNA, "m1")
    for destination in (ANNA, BORIS):
        with pytest.raises(errors.ForeignKeyViolation):
            owner.execute(
                "insert into message_deliveries (destination_phone, message_id, webauthn_credential_id) "
                "select %s, id, %s from messages",
                [destination, stranger],
            )
    user = owner.execute("select id from users where phone_number = %s", [ANNA]).fetchone()
    assert user is not None
    with pytest.raises(errors.ForeignKeyViolation):
        owner.execute(
            "insert into device_session_keys "
            "(user_id, webauthn_credential_id, session_key_id, encrypted_session_key) "
            "values (%s, %s, 's', %s)",
            [user[0], stranger, SEALED],
        )
