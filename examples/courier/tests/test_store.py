"""The backend on a database of each test's own, with both chains in it."""

import os

import pytest
from courier import store
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from nosender.pytest import assert_private


@pytest.fixture
def connection(nosender_database):
    with store.connect(nosender_database) as opened:
        yield opened


def person(connection, phone):
    """Somebody with one device that can be woken; the number of the device."""
    identity, messaging = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
    public = messaging.public_key().public_bytes_raw()
    _, device = store.register(
        connection, phone, os.urandom(32), os.urandom(77), public, identity.sign(public),
        identity.public_key().public_bytes_raw(),
    )  # fmt: skip
    store.wake_with(connection, device, os.urandom(131))
    return device


def test_a_message_wakes_the_device_it_is_for(connection):
    device = person(connection, "+4915112345001")
    other = person(connection, "+4915112345002")
    ciphertext = os.urandom(200)
    (token,) = store.send(connection, "+4915112345001", ciphertext, os.urandom(16).hex())
    assert len(token) == 131
    assert [content for _, content in store.inbox(connection, device)] == [ciphertext]
    assert store.inbox(connection, other) == []


def test_nothing_says_who_wrote_to_whom(connection):
    for number in range(5):
        person(connection, f"+491511234500{number}")
    for number in range(5):
        store.send(connection, f"+491511234500{number}", os.urandom(200), os.urandom(16).hex())
    assert_private(connection)


def test_a_contact_list_is_found(connection):
    connection.execute(
        "create table contacts (owner integer references users, friend integer references users)"
    )
    with pytest.raises(AssertionError, match=r"undeclared-table: table public\.contacts"):
        assert_private(connection)
