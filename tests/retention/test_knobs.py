"""What an operator decided is what a sweep does, in the program and in the procedure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.migrations.knob_step import statement
from nosender.retention.policy import live_plan
from nosender.retention.status import read_status
from nosender.retention.status_text import plan_json, plan_text, status_text
from nosender.retention.sweep import FAST, sweep
from nosender.schema.knobs import Knobs
from nosender.server.target import Target

from . import rows


@pytest.fixture
def owner(migrated: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(migrated, autocommit=True, options="-c TimeZone=UTC") as opened:
        rows.people(opened)
        yield opened


def turn(owner: psycopg.Connection, knobs: Knobs) -> None:
    owner.execute(statement("public", knobs).encode())


def aged(owner: psycopg.Connection, name: str, days: int, states: str, expiry: str = "null") -> None:
    """A message of so many days ago, with a delivery a letter: pending, delivered or failed."""
    rows.messages(owner, 1, expiry, name=name, deliveries=False)
    owner.execute(
        "update messages set created_at = date_trunc('day', now() at time zone 'utc') "
        "- make_interval(days => %s) where message_id = %s",
        [days, f"{name}-1"],
    )
    for device, state in enumerate(states, start=1):
        owner.execute(
            "insert into message_deliveries (message_id, webauthn_credential_id, delivery_status) "
            "select id, %s, %s from messages where message_id = %s",
            [device, {"p": "pending", "d": "delivered", "f": "failed"}[state], f"{name}-1"],
        )


def names(owner: psycopg.Connection) -> set[str]:
    return {row[0].removesuffix("-1") for row in owner.execute("select message_id from messages")}


@pytest.mark.parametrize("by", ["program", "procedure"])
def test_history_goes_where_it_was_delivered_everywhere(
    target: Target, owner: psycopg.Connection, by: str
) -> None:
    turn(owner, Knobs(history=timedelta(days=30)))
    aged(owner, "old", 31, "dd")
    aged(owner, "ahead", 31, "d", "now() + interval '9 days'")
    aged(owner, "waiting", 31, "dp")
    aged(owner, "failed", 31, "df")
    aged(owner, "young", 29, "dd")
    if by == "program":
        receipt = sweep(target, pace=FAST)
        assert (receipt.status, receipt.deleted, receipt.children) == ("done", 2, 3)
    else:
        owner.execute("call retention_sweep()")
    assert names(owner) == {"waiting", "failed", "young"}
    assert rows.count(owner, "message_deliveries") == 6


def test_greatest_ages_take_what_has_no_expiry_ahead(target: Target, owner: psycopg.Connection) -> None:
    turn(owner, Knobs(messages=timedelta(days=30), session_keys=timedelta(days=90)))
    aged(owner, "old", 31, "pp")
    aged(owner, "ahead", 31, "p", "now() + interval '9 days'")
    aged(owner, "young", 29, "p")
    rows.session_keys(owner, 2, "null")
    owner.execute(
        "update device_session_keys set created_at = created_at - interval '91 days' "
        "where session_key_id = 's-1'"
    )
    receipt = sweep(target, pace=FAST)
    assert (receipt.status, receipt.deleted) == ("done", 2)
    assert names(owner) == {"ahead", "young"}
    assert owner.execute("select session_key_id from device_session_keys").fetchall() == [("s-2",)]


def test_off_is_off(target: Target, owner: psycopg.Connection) -> None:
    aged(owner, "old", 3000, "dd")
    assert sweep(target, pace=FAST).deleted == 0
    assert names(owner) == {"old"}


def test_plan_and_status_say_them_and_the_hash_holds_them(target: Target, owner: psycopg.Connection) -> None:
    before = live_plan(owner, "public").hash
    turn(owner, Knobs("delete", history=timedelta(days=90), messages=timedelta(days=366)))
    plan = live_plan(owner, "public")
    row = owner.execute("select encode(retention_policy_hash(), 'hex')").fetchone()
    assert row == (plan.hash,)
    assert plan.hash != before
    status = read_status(target)
    told = plan_text(plan, status, ())
    words = " ".join(told.split())
    assert "delete 366 days after created_at" in words
    assert "delete one delivered everywhere 90 days after created_at" in words
    assert "  delivered: delete\n  history: 90 days\n" in told
    assert json.loads(plan_json(plan, status, ()))["knobs"]["session_keys"] == "off"
    words = " ".join(status_text(status).split())
    assert "delivered delete, history 90 days, messages 366 days, session_keys off, prekeys" in words


def test_no_sweep_follows_a_function_of_another_form(target: Target, owner: psycopg.Connection) -> None:
    other = statement("public", Knobs()).replace("'keep'", "(select 'keep')")
    owner.execute(other.encode())
    with pytest.raises(NosenderError, match="retention_knobs"):
        sweep(target, pace=FAST)


def test_keys_may_wait_as_long_as_prekeys_says(owner: psycopg.Connection) -> None:
    turn(owner, Knobs(prekeys=timedelta(days=2)))
    publish = "select publish_ephemeral_key(%s, sha256(%s), %s, %s::interval)"
    owner.execute(publish, [rows.PHONE, b"1", "x1", "2 days"])
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        owner.execute(publish, [rows.PHONE, b"2", "x2", "49 hours"])
