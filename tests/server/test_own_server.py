"""With every variable of libpq pointing elsewhere, a server of our own is the one that is used."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from nosender.errors import NosenderError
from nosender.migrations.rehearsal import _pg_dump
from nosender.server.binaries import Binaries, all_binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.own_server import register
from nosender.server.target import Target

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]


class Decoy:
    """Somebody's server, which every variable of libpq names."""

    def __init__(self, server: EmbeddedServer, port: int, folder: Path) -> None:
        self.server = server
        service = folder / "services"
        service.write_text(f"[decoy]\nhostaddr=127.0.0.1\nport={port}\nuser=postgres\ndbname=postgres\n")
        self.address = {
            "PGHOST": "127.0.0.1",
            "PGHOSTADDR": "127.0.0.1",
            "PGPORT": str(port),
            "PGUSER": "postgres",
            "PGDATABASE": "postgres",
        }
        self.environment = {
            **self.address,
            "PGSERVICE": "decoy",
            "PGSERVICEFILE": str(service),
            "PGOPTIONS": "-c default_transaction_read_only=on",
            "PGTARGETSESSIONATTRS": "read-only",
            "PGREQUIREPEER": "nobody-of-this-name",
            "PGSSLMODE": "verify-full",
            "PGGSSENCMODE": "disable",
            "PGCLIENTENCODING": "LATIN1",
            "PGTZ": "Asia/Tokyo",
            "PGDATESTYLE": "German",
        }

    def connections(self) -> int:
        return self.server.log.read_text(errors="replace").count("connection authorized")


@pytest.fixture(scope="module")
def decoy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Decoy]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"listen_addresses": "127.0.0.1", "port": str(port), "log_connections": "on"}
    with EmbeddedServer(settings=settings) as server:
        yield Decoy(server, port, tmp_path_factory.mktemp("decoy"))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("demo --users 5 --messages 50", 0),
        ("--embedded db upgrade", 0),
        ("--embedded db downgrade base --allow-data-loss", 2),
        ("--embedded traffic fill --users 1 --messages 1 --seed 1", 4),
        ("--embedded audit run", 3),
        ("--embedded db plan", 0),
        ("audit selftest --check undeclared-column", 0),
    ],
)
def test_nobody_elses_server_is_touched(
    run_nosender: RunNosender, decoy: Decoy, words: str, code: int
) -> None:
    answer = run_nosender(*words.split(), env=decoy.environment)
    assert (answer.returncode, decoy.connections()) == (code, 0), answer.stderr


def test_the_tools_for_developers_too(decoy: Decoy, monkeypatch: pytest.MonkeyPatch) -> None:
    from nosender.gate.checkout import Checkout
    from nosender.gate.workplace import Workplace

    for name, value in decoy.environment.items():
        monkeypatch.setenv(name, value)
    root = Path(__file__).parent.parent.parent
    with Workplace(Checkout(root, None)) as workplace:
        assert workplace.canonical.relations
        assert workplace.migrated
    assert decoy.connections() == 0


def test_a_plan_reads_the_named_server_and_rehearses_on_ours(run_nosender: RunNosender, decoy: Decoy) -> None:
    before = decoy.connections()
    answer = run_nosender("db", "plan", env=decoy.address)
    assert answer.returncode == 0, answer.stderr
    assert "0001" in answer.stdout
    with psycopg.connect(f"host=127.0.0.1 port={decoy.address['PGPORT']} user=postgres") as connection:
        names = connection.execute(
            "select datname from pg_database where datname like 'nosender%'"
        ).fetchall()
    assert names == []
    assert decoy.connections() > before


def test_another_server_in_its_place_is_told(server: EmbeddedServer) -> None:
    """What answers at the socket says another name."""
    folder = Path(str(server.directory) + "-elsewhere")
    folder.symlink_to(server.directory)
    register(folder)
    try:
        with pytest.raises(NosenderError, match="not the server that was started for this command"):
            Target(make_conninfo(server.conninfo(), host=str(folder))).connect("nosender test")
    finally:
        folder.unlink()


@pytest.mark.parametrize("copy", all_binaries(), ids=lambda found: f"copy{found.major}")
def test_a_rehearsal_on_a_server_of_another_major(any_database: str, copy: Binaries) -> None:
    """What dumps the schema writes what the copy's server knows, where there is such a program."""
    from nosender.migrations.plan import make_plan

    target = Target(any_database)
    with target.connect("nosender test") as connection:
        own = connection.info.server_version // 10000
    assert _pg_dump(own, copy.major).exists()
    if copy.major < own:
        pytest.skip("a server is copied to one that is as new at least")
    with EmbeddedServer(copy) as scratch:
        assert make_plan(target, "0001", scratch=scratch.conninfo()).revisions
