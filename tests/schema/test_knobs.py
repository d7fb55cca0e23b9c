"""Knobs: values in one form, which is read back and known from any other; bounds that no file may leave."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nosender.migrations.knob_step import statement
from nosender.schema.knobs import FUNCTION, Knobs, problem, read
from nosender.schema.observe import reference

AGES = st.integers(1, 3660 * 86400).map(lambda seconds: timedelta(seconds=seconds))
ANY = st.builds(Knobs, st.sampled_from(["keep", "delete"]), *(st.none() | AGES for _ in range(3)), AGES, AGES)


@given(ANY)
def test_what_is_written_is_read(knobs: Knobs) -> None:
    assert read(knobs.body()) == knobs


def test_the_ddl_holds_the_defaults_in_this_form() -> None:
    (body,) = (each.body for each in reference().functions if each.name == FUNCTION)
    assert body == Knobs().body()


@pytest.mark.parametrize(
    "body",
    [
        "\n  values ('keep', null::interval)\n",
        Knobs().body() + "; select 1",
        Knobs().body().replace("30 days", "720 hours"),  # the same, in words of somebody's own
        Knobs().body().replace("'1 hour'", "'1 hour' + public.secret()"),
        Knobs().body().replace("'keep'", "(select 'keep')"),
        Knobs().body() + "\n",
    ],
)
def test_another_form_is_another_function(body: str) -> None:
    assert read(body) is None


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("history", None, True),
        ("history", timedelta(days=2), True),
        ("history", timedelta(days=1), False),  # counted from the beginning of its day: an hour after it came
        ("messages", timedelta(days=3661), False),
        ("prekeys", None, False),
        ("prekeys", timedelta(minutes=14), False),
        ("prekeys", timedelta(days=366), True),
        ("settle", timedelta(hours=6), True),
        ("settle", timedelta(minutes=30), False),
        ("settle", timedelta(hours=5), False),  # six hours and the day would not be whole
        ("settle", timedelta(days=2), False),
    ],
)
def test_bounds(name: str, value: timedelta | None, allowed: bool) -> None:
    assert (problem(name, value) is None) is allowed


def test_the_database_reads_the_same_and_hashes_the_same_line(connection: psycopg.Connection) -> None:
    knobs = Knobs(
        "delete", timedelta(days=90), None, timedelta(days=31), timedelta(days=7), timedelta(hours=6)
    )
    connection.execute(statement("public", knobs).encode())
    row = connection.execute("select * from retention_knobs()").fetchone()
    assert row is not None
    assert Knobs(*row) == knobs
    assert knobs.line() == "knobs|delete|7776000||2678400|604800|21600\n"
