"""Where the database is, and what a failure to reach it says."""

from __future__ import annotations

import os

import pytest

from nosender.errors import NosenderError, UsageError
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target


@pytest.fixture(autouse=True)
def no_libpq_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)


def test_a_session_is_in_utc_and_says_whose_it_is(server: EmbeddedServer) -> None:
    conninfo = f"{server.conninfo()}&options=-c%20TimeZone%3DAsia/Tokyo"
    with Target(conninfo).connect("nosender test") as connection:
        row = connection.execute(
            "select current_setting('TimeZone'), current_setting('application_name')"
        ).fetchone()
    assert row == ("UTC", "nosender test")


@pytest.mark.parametrize(
    ("conninfo", "described"),
    [
        ("postgresql://app:secret@db.example:6432/mail", "database mail on db.example:6432"),
        ("host=/run/postgresql dbname=mail password=secret", "database mail on /run/postgresql"),
        ("postgresql:///?user=app&password=secret", "database app on the local socket"),
        ("service=mail password=secret", "the database of service mail"),
        ("", "the default database on the local socket"),
    ],
)
def test_a_description_holds_no_password(conninfo: str, described: str) -> None:
    assert Target(conninfo).describe() == described


@pytest.mark.parametrize(
    "conninfo", ["postgresql://a:secret@[::1/db", "host=x nonsense secret", "port='secret"]
)
def test_a_url_that_does_not_parse_is_not_repeated(conninfo: str) -> None:
    with pytest.raises(UsageError, match="does not parse") as caught:
        Target(conninfo).connect("nosender test")
    assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    with pytest.raises(NosenderError, match=r"cannot connect to database mail on 127\.0\.0\.1:1: ") as caught:
        Target("postgresql://app:secret@127.0.0.1:1/mail").connect("nosender test")
    assert "secret" not in str(caught.value)
    assert caught.value.exit_code == 4


def test_an_unknown_database_is_told_in_one_line(server: EmbeddedServer) -> None:
    with pytest.raises(NosenderError, match='database "absent" does not exist') as caught:
        Target(server.conninfo("absent")).connect("nosender test")
    assert "\n" not in str(caught.value)
