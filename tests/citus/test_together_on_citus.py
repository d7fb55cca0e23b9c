"""Many clients at once on Citus: what must come once comes once, nothing is left, and no log has a number."""

from __future__ import annotations

import os
import re
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from ..schema.app import CIPHERTEXT, SEALED, App, app
from ..schema.test_flow_contention import at_once

pytestmark = pytest.mark.citus

ANNA = "+15550200001"


def asked(conninfo: str, query: str, *values: object) -> object:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture
def coordinator(cluster: tuple[str, ...]) -> str:
    with psycopg.connect(cluster[0], options="-c TimeZone=UTC", autocommit=True) as admin:
        for table in ("messages", "ephemeral_keys", "users"):
            admin.execute(f"delete from public.{table}")
    return cluster[0]


def again(act: Callable[[], object]) -> object:
    """As an application calls: once more where somebody came between."""
    while True:
        try:
            return act()
        except psycopg.errors.SerializationFailure:
            continue


def test_claims_replays_and_session_ids(coordinator: str) -> None:
    with app(coordinator) as session:
        session.user(ANNA, devices=2)
        people = [session.user(f"+1555021000{number}") for number in range(6)]
        for number in range(120):
            session.call("publish_ephemeral_key", ANNA, os.urandom(32), f"x{number}")
    claimed = [
        row[0]
        for calls in at_once(
            coordinator, 6, lambda one, _: [one.rows("claim_ephemeral_key", ANNA) for _ in range(30)]
        )
        for rows in calls
        for row in rows
    ]
    assert (len(claimed), len(set(claimed))) == (120, 120)
    answers = at_once(
        coordinator,
        6,
        lambda one, _: [again(lambda number=number: one.send(ANNA, f"m{number}")) for number in range(30)],
    )
    assert sum(sum(each) for each in answers) == 30
    assert asked(coordinator, "select count(*) from public.messages") == 30
    assert asked(coordinator, "select count(*) from public.message_deliveries") == 60

    def rotations(one: App, place: int) -> Counter[str]:
        user, devices = people[place]
        found: Counter[str] = Counter()
        for number in range(20):
            try:
                one.call("rotate_session_key", user, None, f"s{number}", devices, [SEALED])
                found["won"] += 1
            except psycopg.errors.UniqueViolation:
                found["lost"] += 1
        return found

    won = sum(at_once(coordinator, 6, rotations), Counter())
    assert won == {"won": 20, "lost": 100}


def test_nothing_is_left_for_a_revoked_device_and_no_log_has_a_number(
    coordinator: str, cluster: tuple[str, ...]
) -> None:
    for round_ in range(5):
        number = f"+155503000{round_:02d}"
        with app(coordinator) as session:
            _, [revoked, _] = session.user(number, devices=2)
        stop = threading.Event()
        failures: list[str | None] = []

        def send(place: int, number: str = number, stop: threading.Event = stop) -> None:
            with app(coordinator) as session:
                for count in range(10_000):
                    if stop.is_set():
                        return
                    try:
                        session.send(number, f"{number}-{place}-{count}", CIPHERTEXT)
                    except psycopg.Error as error:
                        failures.append(error.sqlstate)  # noqa: B023  # joined within the round

        senders = [threading.Thread(target=send, args=(place,)) for place in range(3)]
        for each in senders:
            each.start()
        with app(coordinator) as session:
            while not session.waiting(revoked):  # they are at it
                pass
            assert again(lambda: session.call("revoke_device", revoked))  # noqa: B023
        stop.set()
        for each in senders:
            each.join()
        assert set(failures) <= {"40001"}
        left = "select count(*) from public.message_deliveries where webauthn_credential_id = %s"
        assert asked(coordinator, left + " and delivery_status = 'pending'", revoked) == 0
    for url in cluster:
        log = Path(str(conninfo_to_dict(url)["host"])) / "log"
        assert not re.findall(r".*\+1555\d{7}.*", log.read_text(encoding="utf-8", errors="replace"))
