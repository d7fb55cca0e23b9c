"""What docs/flow.md says of each driver, run against the driver itself."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from .test_flow_docs import DRIVERS, blocks
from .test_flow_docs import messenger as messenger  # a fixture

NUMBER = "+15550100011"
JARS = (
    "/usr/share/java/postgresql.jar",
    *Path.home().glob(".m2/repository/org/postgresql/postgresql/*/*.jar"),
)
JAR = next((str(found) for found in JARS if Path(found).exists()), None)


def _section(title: str) -> list[tuple[str, str]]:
    """The blocks below one heading, each with its language."""
    [text] = re.findall(rf"^### {title}\n(.*?)(?=^### |\Z)", DRIVERS, re.MULTILINE | re.DOTALL)
    return blocks(text)


@pytest.fixture
def person(messenger: str) -> str:
    """The messenger's address, where the number of the page has a device."""
    with psycopg.connect(messenger, autocommit=True) as connection:
        [(user,)] = connection.execute("select register_user(%s)", (NUMBER,)).fetchall()
        connection.execute("select register_device(%s, %s, %s)", (user, b"c" * 32, b"its COSE key"))
    return messenger


def _waiting(conninfo: str) -> int:
    """How many messages wait for the number."""
    device = "select id from public.webauthn_credentials"
    with psycopg.connect(conninfo, user="postgres") as owner:
        row = owner.execute(f"select count(*) from public.fetch_messages(({device}), 100)").fetchone()
    assert row is not None
    return int(row[0])


def _uri(conninfo: str, scheme: str) -> str:
    given = conninfo_to_dict(conninfo)
    where = urlencode({"host": given["host"], "port": given["port"]})
    return f"{scheme}://{given['user']}@/{given['dbname']}?{where}"


def _run(text: str) -> None:
    exec(compile(text, "flow.md", "exec"), {"__name__": "flow"})  # noqa: S102


def test_the_refusal_reads_as_the_page_says(person: str) -> None:
    send = "select send_message(%s, %s, %s)"
    with psycopg.connect(person) as connection:
        connection.execute(send, (NUMBER, b"c" * 40, "message 1"))
        with pytest.raises(psycopg.errors.ActiveSqlTransaction) as refused:
            connection.execute(send, (NUMBER, b"c" * 40, "message 2"))
    said = refused.value.diag
    text = f"ERROR:  {said.sqlstate}: {said.message_primary}\nHINT:  {said.message_hint}\n"
    assert ("text", text) in blocks(DRIVERS)
    assert _waiting(person) == 0


def test_sqlalchemy(messenger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLALCHEMY_URL", _uri(messenger, "postgresql+psycopg"))
    _run(_section("SQLAlchemy 2")[0][1])
    assert _waiting(messenger) == 0


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_sqlalchemy_async(person: str, driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLALCHEMY_URL", _uri(person, f"postgresql+{driver}"))
    _run(_section("SQLAlchemy 2")[1][1])
    assert _waiting(person) == 2


def test_asyncpg(person: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", _uri(person, "postgresql"))
    [(_, text)] = _section("asyncpg")
    _run(text)
    assert _waiting(person) == 2


def test_django(person: str, tmp_path: Path) -> None:
    for name, (_, text) in zip(("settings", "views", "tests"), _section("Django"), strict=True):
        (tmp_path / f"{name}.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "django", "test", "--settings", "settings", "--pythonpath", str(tmp_path)],
        env=os.environ | {"DATABASE_URL": person, "DATABASE_OWNER": "postgres"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Ran 3 tests" in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


def test_node_pg(person: str, tmp_path: Path) -> None:
    node = shutil.which("node")
    if (
        node is None
        or subprocess.run([node, "-e", "require('pg')"], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs node and its pg: npm install pg, and the folder node_modules in NODE_PATH")
    [(_, text)] = _section("node-pg")
    (tmp_path / "send.js").write_text(text)
    given = conninfo_to_dict(person)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGDATABASE": "dbname"}
    where = {name: str(given[key]) for name, key in names.items()}
    subprocess.run([node, "send.js"], cwd=tmp_path, env=os.environ | where, check=True, timeout=120)
    assert _waiting(person) == 2


@pytest.mark.skipif(
    shutil.which("javac") is None or JAR is None,
    reason="needs a JDK and the driver: apt-get install libpostgresql-jdbc-java",
)
def test_jdbc(person: str, tmp_path: Path) -> None:
    [(_, text)] = _section("JDBC")
    (tmp_path / "Send.java").write_text(text)
    given = conninfo_to_dict(person)
    with _relay(f"{given['host']}/.s.PGSQL.{given['port']}") as port:
        url = f"jdbc:postgresql://127.0.0.1:{port}/{given['dbname']}?user={given['user']}&logServerErrorDetail=false"
        done = subprocess.run(
            ["java", "-XX:TieredStopAtLevel=1", "-cp", str(JAR), "Send.java"],
            cwd=tmp_path,
            env=os.environ | {"JDBC_URL": url},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
    assert done.stdout == "true\n25001\n", done.stderr
    assert _waiting(person) == 2


@contextmanager
def _relay(path: str) -> Iterator[int]:
    """A port of this machine that leads to the server's socket: JDBC knows no other way."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # whoever is through first closes both
            while data := source.recv(65536):
                sink.sendall(data)
        sink.close()

    def serve() -> None:
        client, _ = listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(path)
        for way in ((client, server), (server, client)):
            threading.Thread(target=pump, args=way, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
