"""Whatever comes in: a named error, nothing stored, and never an answer that only PostgreSQL understands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors

from .app import CIPHERTEXT, IDENTITY, KEY, SEALED, SIGNATURE, App, app
from .rows import LOW_ORDER
from .test_flow_leaks import READS, WRITES, contents

ANNA, BORIS = "+15550100001", "+15550100002"
ARGUMENT, CHECK, ABSENT, STATE = "22023", "23514", "P0002", "55000"
PHONES = ["", "15550100", "+0155501000", "+155501", "+1555010000000000", "+1 555 0100", "+15550100\n", "anna"]
LOW = [point[:-1] + bytes([point[-1] | top]) for point in LOW_ORDER for top in (0, 128)]
BATCH = ([ANNA], [CIPHERTEXT], ["m"])
FLOODED = 100_000

Bad = tuple[str, tuple[Any, ...], str]
BAD: list[Bad] = [
    *[
        (function, (phone, *rest), ARGUMENT)
        for phone in [*PHONES, None]
        for function, rest in (
            ("register_user", ()),
            ("register_person", (b"p" * 16, b"k", KEY, SIGNATURE, IDENTITY)),
            ("forget_phone_number", ()),
            ("active_public_key", ()),
            ("publish_ephemeral_key", (KEY, "x")),
            ("claim_ephemeral_key", ()),
            ("send_message", (CIPHERTEXT, "m")),
        )
    ],
    ("register_user", ("+15550100009", None), ARGUMENT),
    *[
        ("register_device", (1, credential, b"k"), ARGUMENT)
        for credential in (b"c" * 15, b"c" * 1024, b"", None)
    ],
    *[("register_device", (1, b"n" * 16, key), ARGUMENT) for key in (b"", b"k" * 4097, None)],
    *[("register_device", (1, b"n" * 16, b"k", counter), ARGUMENT) for counter in (-1, 2**32, None)],
    *[("register_device", (user, b"n" * 16, b"k"), ABSENT) for user in (99, -1, 0, None)],
    *[("record_sign_count", (1, counter), ARGUMENT) for counter in (-1, 2**32, None)],
    *[("record_sign_count", (device, 1), ABSENT) for device in (99, -1, None)],
    ("revoke_device", (None,), ARGUMENT),
    *[("revoke_device", (device,), ABSENT) for device in (99, -1)],
    *[
        (
            "publish_public_key",
            tuple(None if place == gap else value for place, value in enumerate(whole)),
            ARGUMENT,
        )
        for whole in [(1, KEY, SIGNATURE, IDENTITY)]
        for gap in range(4)
    ],
    ("publish_public_key", (99, KEY, SIGNATURE, IDENTITY), ABSENT),
    ("publish_public_key", (1, KEY, SIGNATURE, IDENTITY, None), ARGUMENT),
    *[
        ("register_person", ("+15550100009", *rest), code)
        for rest, code in (
            ((b"p" * 15, b"k", KEY, SIGNATURE, IDENTITY), ARGUMENT),
            ((b"p" * 16, b"", KEY, SIGNATURE, IDENTITY), ARGUMENT),
            ((b"p" * 16, b"k", None, SIGNATURE, IDENTITY), ARGUMENT),
            ((b"p" * 16, b"k", KEY, SIGNATURE, IDENTITY, -1), ARGUMENT),
            ((b"p" * 16, b"k", KEY, SIGNATURE, IDENTITY, 0, None), ARGUMENT),
            ((b"p" * 16, b"k", LOW[0], SIGNATURE, IDENTITY), CHECK),
            ((b"p" * 16, b"k", KEY, SIGNATURE[1:], IDENTITY), CHECK),
        )
    ],
    *[
        ("publish_public_key", (1, key, SIGNATURE, IDENTITY), CHECK)
        for key in (b"", b"k" * 31, b"k" * 33, *LOW)
    ],
    *[
        ("publish_public_key", (1, KEY, signature, IDENTITY), CHECK)
        for signature in (b"", b"s" * 63, b"s" * 65)
    ],
    *[
        ("publish_public_key", (1, KEY, SIGNATURE, identity), CHECK)
        for identity in (b"", b"i" * 31, b"i" * 33)
    ],
    *[("publish_ephemeral_key", (ANNA, key, "x"), ARGUMENT) for key in (b"", b"k" * 31, b"k" * 33, None)],
    *[("publish_ephemeral_key", (ANNA, key, "x"), CHECK) for key in LOW],
    *[("publish_ephemeral_key", (ANNA, KEY, exchange), ARGUMENT) for exchange in ("", "x" * 256, None)],
    *[
        ("publish_ephemeral_key", (ANNA, KEY, "x", life), ARGUMENT)
        for life in (timedelta(0), timedelta(seconds=-1), timedelta(days=30, seconds=1), None)
    ],
    *[
        ("send_message", (ANNA, content, "m"), ARGUMENT)
        for content in (b"", b"c" * 27, b"c" * (2**20 + 1), None)
    ],
    *[("send_message", (ANNA, CIPHERTEXT, message), ARGUMENT) for message in ("", "m" * 256, None)],
    *[("send_message", (ANNA, CIPHERTEXT, "m", kind), ARGUMENT) for kind in ("", "k" * 21, None)],
    *[
        ("send_message", (ANNA, CIPHERTEXT, "m", "text", life), ARGUMENT)
        for life in (timedelta(0), timedelta(days=-1), timedelta(days=365 * 200))
    ],
    ("send_messages", ([], [], []), ARGUMENT),
    ("send_messages", (None, None, None), ARGUMENT),
    ("send_messages", ([ANNA] * FLOODED, [CIPHERTEXT] * FLOODED, [str(n) for n in range(FLOODED)]), ARGUMENT),
    *[
        (
            "send_messages",
            tuple(None if place == gap else value for place, value in enumerate(BATCH)),
            ARGUMENT,
        )
        for gap in range(3)
    ],
    *[
        (
            "send_messages",
            tuple(value * 2 if place == gap else value for place, value in enumerate(BATCH)),
            ARGUMENT,
        )
        for gap in range(3)
    ],
    *[
        (
            "send_messages",
            tuple([*value, bad] if place == gap else value * 2 for place, value in enumerate(BATCH)),
            ARGUMENT,
        )
        for gap, bad in ((0, "anna"), (0, None), (1, b"short"), (1, None), (2, ""), (2, None))
    ],
    ("send_messages", (*BATCH, ["k" * 21]), ARGUMENT),
    ("send_messages", (*BATCH, ["text", "text"]), ARGUMENT),
    ("send_messages", (*BATCH, None, [timedelta(0)]), ARGUMENT),
    *[("fetch_messages", (1, page), ARGUMENT) for page in (0, -1, 1001, None)],
    *[("fetch_messages", (device,), ABSENT) for device in (99, -1, None)],
    *[("session_keys", (device,), ABSENT) for device in (99, -1, None)],
    ("acknowledge", (1, [], "read"), ARGUMENT),
    ("acknowledge", (1, None, "read"), ARGUMENT),
    ("acknowledge", (1, [1, None], "read"), ARGUMENT),
    ("acknowledge", (1, list(range(FLOODED)), "read"), ARGUMENT),
    *[("acknowledge", (1, [1], outcome), ARGUMENT) for outcome in ("", "pending", "READ", None)],
    *[("acknowledge", (device, [1], "read"), ABSENT) for device in (99, None)],
    *[
        ("rotate_session_key", (1, None, session, [1], [SEALED]), ARGUMENT)
        for session in ("", "s" * 256, None)
    ],
    *[
        ("rotate_session_key", (1, None, "s", devices, sealed), ARGUMENT)
        for devices, sealed in (
            ([], []),
            (None, None),
            ([1], []),
            ([], [SEALED]),
            ([1], [SEALED] * 2),
            ([None], [SEALED]),
            ([1], [None]),
            (None, [SEALED]),
            ([1], None),
        )
    ],
    ("rotate_session_key", (1, None, "s", [1], [SEALED], timedelta(0)), ARGUMENT),
    ("rotate_session_key", (1, None, "s", [1], [SEALED[:-1]]), CHECK),
    *[("rotate_session_key", (user, None, "s", [1], [SEALED]), ABSENT) for user in (99, None)],
    ("rotate_session_key", (1, "never", "s", [1], [SEALED]), ABSENT),
    ("rotate_session_key", (1, None, "s", [2], [SEALED]), STATE),
    ("rotate_session_key", (1, None, "s", list(range(FLOODED)), [SEALED] * FLOODED), STATE),
]


@pytest.fixture(scope="module")
def one_database(any_server: Any) -> Iterator[str]:
    """One database for all of this: nothing is ever stored in it."""
    from nosender.schema import ddl
    from nosender.server.scratch import scratch_database

    with scratch_database(any_server.conninfo()) as conninfo:
        with psycopg.connect(conninfo) as owner:
            ddl.load(owner, "public")
        with app(conninfo) as session:
            session.user(ANNA)
            session.user(BORIS)
            session.send(ANNA, "m1")
        yield conninfo


@pytest.fixture(scope="module")
def session(one_database: str) -> Iterator[App]:
    with app(one_database) as opened:
        yield opened


def test_bad_input_is_a_named_error_and_nothing_is_stored(one_database: str, session: App) -> None:
    before = contents(one_database)
    for function, arguments, code in BAD:
        shown = (function, [repr(argument)[:40] for argument in arguments])
        with pytest.raises(psycopg.Error) as refused:
            session.rows(function, *arguments)
        assert refused.value.sqlstate == code, (shown, refused.value)
        assert refused.value.diag.message_detail is None, shown
    assert contents(one_database) == before


def test_every_function_is_tried() -> None:
    tried = {function for function, _, _ in BAD}
    assert tried == (set(WRITES) | set(READS)) - {"find_device", "active_devices"}  # these answer with no row


TYPES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.one_of(
        st.none(),
        st.sampled_from([ANNA, BORIS, "+15550100009", "m1", "read", "text"]),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=300),
    ),
    "bytea": st.one_of(st.none(), st.sampled_from([KEY, SIGNATURE, SEALED]), st.binary(max_size=100)),
    "integer": st.one_of(st.none(), st.integers(0, 4), st.integers(-(2**31), 2**31 - 1)),
    "bigint": st.one_of(st.none(), st.integers(0, 4), st.integers(-(2**63), 2**63 - 1)),
    "interval": st.one_of(st.none(), st.timedeltas(timedelta(days=-999999), timedelta(days=999999))),
    "boolean": st.one_of(st.none(), st.booleans()),
}
NAMED = {
    "22023", "23505", "23514", "25001", "55000", "55006", "P0002",  # as the functions say
    "22007", "22008", "22015",  # a time out of PostgreSQL's range
}  # fmt: skip


@pytest.fixture(scope="module")
def signatures(one_database: str) -> dict[str, list[str]]:
    with psycopg.connect(one_database) as owner:
        return dict(
            owner.execute(
                """
                select proname::text, array(
                  select format_type(each, null) from unnest(proargtypes) with ordinality as t (each, place)
                  order by place
                ) from pg_proc
                where pronamespace = 'public'::regnamespace
                and has_function_privilege('nosender_app', oid, 'execute') and prosecdef
                """
            ).fetchall()
        )


@pytest.mark.parametrize("function", sorted({**WRITES, **READS}))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_input_is_answered_or_refused_by_name(
    session: App, signatures: dict[str, list[str]], function: str, data: st.DataObject
) -> None:
    arguments = []
    for kind in signatures[function]:
        one = TYPES[kind.removesuffix("[]")]
        arguments.append(
            data.draw(st.one_of(st.none(), st.lists(one, max_size=4)) if kind.endswith("[]") else one)
        )
    types = ", ".join(f"%s::{kind}" for kind in signatures[function])
    with session.connection.transaction(force_rollback=True):
        error = None
        try:
            with session.connection.transaction():
                session.connection.execute(f"select public.{function}({types})".encode(), arguments)
        except psycopg.Error as refused:
            error = refused
        if error is not None:
            assert error.sqlstate in NAMED, error
            assert "5550100" not in str(error.diag.message_primary) + str(error.diag.message_detail)


def test_a_function_that_is_given_nothing_is_unknown(session: App) -> None:
    with pytest.raises(errors.UndefinedFunction):
        session.rows("send_message")
