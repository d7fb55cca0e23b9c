"""What a failure says is its cause, and not the last line of a report."""

from __future__ import annotations

import datetime
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from nosender.errors import IncompleteError, NosenderError
from nosender.migrations import rehearsal, runner
from nosender.migrations.leaned_on import LeanedOn
from nosender.migrations.revisions import Chain
from nosender.migrations.squawk import squawk
from nosender.server.binaries import all_binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.os_account import server_account
from nosender.server.program_failures import program_cause
from nosender.server.refused_connections import cause, takes_no_options
from nosender.server.target import Target


@pytest.fixture(autouse=True)
def no_libpq_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def tls() -> Iterator[int]:
    """The port of a server that admits `app` with a password, and only under TLS."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today)
        .not_valid_after(today + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    system = next((found for found in all_binaries() if found.origin == "system"), None)
    if system is None:
        pytest.skip("the wheels are built without TLS: needs a PostgreSQL of the system")
    with EmbeddedServer(system, settings={"listen_addresses": "127.0.0.1"}) as server:
        data = server.data_directory
        (data / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (data / "server.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        (data / "server.key").chmod(stat.S_IRUSR)
        if account := server_account():
            for file in ("server.key", "server.crt"):
                os.chown(data / file, *account)
        (data / "pg_hba.conf").write_text(
            "local all all trust\nhostssl all app 127.0.0.1/32 scram-sha-256\n", encoding="utf-8"
        )
        server._settings = {**server._settings, "ssl": "on", "port": str(port)}
        server.crash()
        with psycopg.connect(make_conninfo(server.conninfo(), port=port), autocommit=True) as admin:
            admin.execute("create role app login password 'right'")
        yield port


def test_a_wrong_password_where_only_tls_is_admitted(tls: int) -> None:
    with pytest.raises(NosenderError) as caught:
        Target(f"postgresql://app:wrong-secret@127.0.0.1:{tls}/postgres").connect("nosender test")
    reason = 'password authentication failed for user "app"'
    assert str(caught.value) == f"cannot connect to database postgres on 127.0.0.1:{tls}: {reason}"
    with Target(f"postgresql://app:right@127.0.0.1:{tls}/postgres").connect("nosender test"):
        pass


def test_a_role_that_nothing_admits_says_so(tls: int) -> None:
    with pytest.raises(NosenderError, match="no pg_hba"):
        Target(f"postgresql://nobody@127.0.0.1:{tls}/postgres").connect("nosender test")


def test_a_server_that_is_down_says_so() -> None:
    with pytest.raises(NosenderError, match=r"127\.0\.0\.1:1: Connection refused$"):
        Target("postgresql://app@127.0.0.1:1/mail").connect("nosender test")


def test_each_of_several_hosts_has_its_cause(tls: int) -> None:
    hosts = f"host=127.0.0.1,127.0.0.1 port=1,{tls} user=app password=right dbname=postgres"
    with pytest.raises(NosenderError) as caught:
        Target(f"{hosts} target_session_attrs=standby").connect("nosender test")
    told = str(caught.value)
    assert "127.0.0.1:1: Connection refused" in told
    assert f"127.0.0.1:{tls}: server is not in hot standby mode" in told
    assert "\n" not in told


@pytest.mark.parametrize(
    "words",
    [
        "FATAL:  unsupported startup parameter: options",
        "ERROR:  unsupported startup parameter in options: search_path. Please use unpooled connection",
        "FATAL:  Feature not supported: RDS Proxy currently doesn't support command-line options.",
    ],
)
def test_every_pooler_that_takes_no_options_is_known_by_its_words(words: str) -> None:
    assert takes_no_options(f'connection to server at "pool", port 5432 failed: {words}')
    assert not takes_no_options('FATAL:  password authentication failed for user "options"')


def test_a_report_of_nothing_but_advice_is_still_a_sentence() -> None:
    assert cause("Is the server running?") == "Is the server running?"
    assert cause("") == "no reason was given"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"shared_buffers": "1"}, "1 8kB is outside the valid range for parameter"),
        ({"nonsense": "1"}, 'unrecognized configuration parameter "nonsense"'),
        ({"shared_preload_libraries": "absent"}, 'could not access file "absent"'),
    ],
)
def test_a_server_that_does_not_start_says_why(settings: dict[str, str], reason: str) -> None:
    with pytest.raises(NosenderError, match="did not start: ") as caught:
        EmbeddedServer(settings=settings)
    assert reason in str(caught.value)


def test_a_broken_file_of_settings_is_named_with_its_line() -> None:
    with EmbeddedServer() as server:
        (server.data_directory / "postgresql.conf").write_text("max_connections = = 3\n", encoding="utf-8")
        with pytest.raises(NosenderError, match=r"syntax error in file .*postgresql\.conf\" line 1"):
            server.crash()


def test_a_folder_that_the_server_cannot_enter(tmp_path: Path) -> None:
    if server_account() is None:
        pytest.skip("an ordinary account enters its own folders")
    tmp_path.chmod(0o700)
    with pytest.raises(NosenderError, match=r"initdb could not make .*: could not access directory .*denied"):
        EmbeddedServer(directory=tmp_path / "data")


FULL = """bootstrap ... 2026-11-28 13:57:49.486 UTC [7982] FATAL:  could not extend file "base/1": No space
2026-11-28 13:57:49.486 UTC [7982] HINT:  Check free disk space.
2026-11-28 13:57:49.486 UTC [7982] PANIC:  cannot abort transaction 1, it was already committed
Aborted
child process exited with exit code 134
initdb: removing contents of data directory "/data"
"""


def test_a_full_disk_is_the_cause_and_not_what_comes_of_it() -> None:
    assert program_cause(FULL) == 'could not extend file "base/1": No space'


def test_a_dump_without_rights_says_which(any_database: str) -> None:
    with psycopg.connect(any_database, autocommit=True) as admin:
        admin.execute("create table hidden ()")
        own = admin.info.server_version // 10000
    sweeper = Target(f"{any_database}&options=-c%20role%3Dpg_monitor")
    with pytest.raises(IncompleteError, match="permission denied for table hidden"):
        rehearsal._dump(sweeper, LeanedOn(("public",), ()), rehearsal._pg_dump(own, 18))


def test_a_linter_that_fails_is_no_linter_without_objections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "squawk"
    program.write_text("#!/bin/sh\necho 'error: rules are broken' >&2\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(IncompleteError, match="squawk failed: rules are broken"):
        squawk(Chain.load().revisions[0])


def test_what_the_database_refuses_is_said_once(database: str) -> None:
    with pytest.raises(NosenderError, match="does not exist"):
        runner.current(Target(database.replace("/test_", "/absent_")))
