"""Where the database is, and what a failure to reach it says."""

from __future__ import annotations

import os
import socket
import string
import struct
import threading
from collections.abc import Iterator

import psycopg
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


@pytest.mark.parametrize("query", ["", "?sslmode=prefer", "?schema=mail&sslmode=prefer"])
@pytest.mark.parametrize("sign", string.punctuation)
def test_a_password_that_is_not_encoded_is_never_repeated(sign: str, query: str) -> None:
    for password in (f"Sec{sign}ret1", f"{sign}Secret1", f"Secret1{sign}", f"Sec{sign}{sign}ret1"):
        for place in ("127.0.0.1:1/mail", "127.0.0.1:1", "/mail", ""):
            with pytest.raises(NosenderError) as caught:
                Target(f"postgresql://app:{password}@{place}{query}").connect("nosender test")
            assert "Sec" not in str(caught.value), caught.value
            assert "ret1" not in str(caught.value), caught.value


@pytest.mark.parametrize("word", ["schema", "pgbouncer", "currentSchema", "ssl"])
def test_a_word_of_another_programs_url_is_named(word: str) -> None:
    with pytest.raises(UsageError, match=f"libpq knows no {word}: "):
        Target(f"postgresql://app:secret@127.0.0.1:1/mail?{word}=x").connect("nosender test")


def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    with pytest.raises(NosenderError, match=r"cannot connect to database mail on 127\.0\.0\.1:1: ") as caught:
        Target("postgresql://app:secret@127.0.0.1:1/mail").connect("nosender test")
    assert "secret" not in str(caught.value)
    assert caught.value.exit_code == 4


def test_an_unknown_database_is_told_in_one_line(server: EmbeddedServer) -> None:
    with pytest.raises(NosenderError, match='database "absent" does not exist') as caught:
        Target(server.conninfo("absent")).connect("nosender test")
    assert "\n" not in str(caught.value)


def test_a_wrong_password_is_told_and_not_repeated() -> None:
    with EmbeddedServer() as server:
        with psycopg.connect(server.conninfo(), autocommit=True) as admin:
            admin.execute("create role app login password 'right'")
        rules = server.data_directory / "pg_hba.conf"
        rules.write_text(
            "local all app scram-sha-256\n" + rules.read_text(encoding="utf-8"), encoding="utf-8"
        )
        server.crash()  # a start reads the rules for certain; a reload does so in its own time
        conninfo = psycopg.conninfo.make_conninfo(server.conninfo(), user="app", password="wrong-secret")
        with pytest.raises(NosenderError, match='password authentication failed for user "app"') as caught:
            Target(conninfo).connect("nosender test")
    assert "wrong-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def old_server() -> Iterator[int]:
    """The port of something that greets a client as PostgreSQL 14 does, up to the first prompt."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!I", len(body) + 4) + body

    def greet() -> None:
        client, _ = listener.accept()
        with client:
            while True:
                (length,) = struct.unpack("!I", client.recv(4, socket.MSG_WAITALL))
                body = client.recv(length - 4, socket.MSG_WAITALL)
                if struct.unpack("!I", body[:4])[0] == 196608:
                    break
                client.sendall(b"N")  # a request for encryption
            client.sendall(
                message(b"R", struct.pack("!I", 0))
                + message(b"S", b"server_version\x0014.22\x00")
                + message(b"S", b"client_encoding\x00UTF8\x00")
                + message(b"K", struct.pack("!II", 1, 1))
                + message(b"Z", b"I")
            )
            while client.recv(1024):  # until it hangs up
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=greet)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_a_server_too_old_is_refused_by_name(old_server: int) -> None:
    with pytest.raises(NosenderError, match=r"PostgreSQL 14\.22; 15 is the oldest that is supported"):
        Target(f"postgresql://app@127.0.0.1:{old_server}/mail?gssencmode=disable").connect("nosender test")
