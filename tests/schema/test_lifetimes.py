"""Lifetimes come from a list: any other length would be a mark by which rows are told apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import errors

from .app import CIPHERTEXT, SEALED, App, app

ANNA = "+15550100001"
LIST = (
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8, 16)),
    *(timedelta(days=days) for days in (1, 2, 4, 7, 14, 31, 92, 366)),
)


@pytest.fixture
def session(any_migrated: str) -> Iterator[App]:
    with app(any_migrated) as opened:
        yield opened


@pytest.fixture
def owner(any_migrated: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(any_migrated, options="-c TimeZone=UTC", autocommit=True) as opened:
        yield opened


def test_the_next_of_the_list_is_taken(owner: psycopg.Connection) -> None:
    @settings(max_examples=200, deadline=None)
    @given(st.timedeltas(timedelta(seconds=1), timedelta(days=366)) | st.sampled_from(LIST))
    def agrees(asked: timedelta) -> None:
        row = owner.execute("select lifetime(%s)", [asked]).fetchone()
        assert row == (min(life for life in LIST if life >= asked),)

    agrees()
    beyond = owner.execute("select lifetime('366 days 00:00:01'), lifetime(null)").fetchone()
    assert beyond == (None, None)


@pytest.mark.parametrize(
    ("asked", "stored"),
    [(timedelta(minutes=7), LIST[0]), (timedelta(hours=17), LIST[5]), (timedelta(days=8), LIST[9])],
)
def test_every_function_stores_it(
    session: App, owner: psycopg.Connection, asked: timedelta, stored: timedelta
) -> None:
    user, devices = session.user(ANNA)
    before = datetime.now(UTC).replace(tzinfo=None)
    session.send(ANNA, "m1", expires_in=asked)
    session.call("send_messages", [ANNA], [CIPHERTEXT], ["m2"], expires_in=[asked])
    session.call("rotate_session_key", user, None, "s1", devices, [SEALED], asked)
    after = datetime.now(UTC).replace(tzinfo=None)
    for (expiry,) in owner.execute("select expires_at from messages"):
        assert before + stored <= expiry <= after + stored + timedelta(hours=1)
    [(expiry,)] = owner.execute("select expires_at from device_session_keys").fetchall()
    if stored < timedelta(days=1):
        assert before + stored <= expiry <= after + stored + timedelta(hours=1)
    else:
        assert before + stored <= expiry <= after + stored + timedelta(days=1)
        assert expiry.hour == 0


def test_longer_than_the_list_is_refused(session: App) -> None:
    user, devices = session.user(ANNA)
    longer = timedelta(days=366, seconds=1)
    with pytest.raises(errors.InvalidParameterValue, match="from one second to 366 days"):
        session.send(ANNA, "m1", expires_in=longer)
    with pytest.raises(errors.InvalidParameterValue, match="message 1 of the batch"):
        session.call("send_messages", [ANNA], [CIPHERTEXT], ["m2"], expires_in=[longer])
    with pytest.raises(errors.InvalidParameterValue, match="from one second to 366 days"):
        session.call("rotate_session_key", user, None, "s1", devices, [SEALED], longer)
    assert session.send(ANNA, "m1", expires_in=timedelta(days=366))
