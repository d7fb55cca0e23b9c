"""What an audit cannot see is never a pass: each statement killed, each right and catalog taken away."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from nosender.errors import NosenderError
from nosender.privacy_audit import runner
from nosender.privacy_audit.runner import Options, run
from nosender.privacy_audit.snapshot.probes.functions import LEDGER, probe_names
from nosender.schema.observe import reference
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import ROOT, clone, migrated_template
from .auditor import as_auditor

TABLES = sorted(each.name for each in reference("public").relations if each.kind == "table")
PROBES = (*probe_names(reference("public")), *LEDGER)


def exit_code(target: Target) -> int:
    """What the command would exit with."""
    try:
        return run(target, Options()).exit_code
    except NosenderError as error:
        return error.exit_code


def auditor(conninfo: str) -> Target:
    return Target(as_auditor(conninfo))


@pytest.fixture(scope="module")
def template(server: EmbeddedServer) -> Iterator[str]:
    """The name of a database that passes."""
    with clone(server, migrated_template(server)) as conninfo:
        with psycopg.connect(conninfo, options="-c TimeZone=UTC", autocommit=True) as owner:
            owner.execute("call retention_sweep()")
        assert exit_code(auditor(conninfo)) == 0
        yield str(conninfo_to_dict(conninfo)["dbname"])


@pytest.fixture
def migrated(server: EmbeddedServer, template: str) -> Iterator[str]:
    """One like it, of this test's own."""
    with clone(server, template) as conninfo:
        yield conninfo


@pytest.fixture
def swept(migrated: str) -> Iterator[psycopg.Connection[Any]]:
    """Its owner's session."""
    with psycopg.connect(migrated, options="-c TimeZone=UTC", autocommit=True) as owner:
        yield owner


@pytest.mark.usefixtures("swept")
def test_the_connection_killed_before_each_exchange_is_never_a_pass(
    migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time one exchange later, the first and the last included: the session is gone when it is due."""
    target = auditor(migrated)
    opened = Target.connect
    left, backend = 0, 0

    def one_more() -> None:
        nonlocal left
        left -= 1
        if left == 0 and backend:
            with psycopg.connect(migrated, autocommit=True) as killer:
                killer.execute("select pg_terminate_backend(%s, 10000)", [backend])

    def connect(self: Target, *words: Any, **named: Any) -> psycopg.Connection[Any]:
        nonlocal backend, left
        if backend:  # the second session, which may end at any time: the first asks in its place
            return opened(self, *words, **named)
        counted, left = left, 0  # what a connection takes to come about is not counted
        connection = opened(self, *words, **named)
        left, backend = counted, connection.info.backend_pid
        return connection

    def wait(self: psycopg.Connection[Any], *words: Any, **named: Any) -> Any:
        if backend and self.info.backend_pid == backend:
            one_more()
        return waited(self, *words, **named)

    def fetch(*words: Any, **named: Any) -> Any:
        if backend:
            one_more()
        return fetched(*words, **named)

    def read_snapshot(*words: Any, **named: Any) -> Any:
        nonlocal backend
        found = original(*words, **named)
        backend = 0  # all is read; what closes the connection is no part of it
        return found

    ask = importlib.import_module("nosender.schema.observe.read.queries")
    original = runner.read_snapshot
    monkeypatch.setattr(runner, "read_snapshot", read_snapshot)
    waited, fetched = psycopg.Connection.wait, ask._answer
    monkeypatch.setattr(Target, "connect", connect)
    monkeypatch.setattr(psycopg.Connection, "wait", wait)
    monkeypatch.setattr(ask, "_answer", fetch)
    reached = 0
    for place in range(1, 100):
        left, backend = place, 0
        answer = exit_code(target)
        if left > 0:
            break
        reached += 1
        assert answer in (3, 4), place
    assert reached >= 15


@pytest.mark.parametrize("probe", PROBES)
def test_a_function_that_may_not_be_called_is_never_a_pass(
    swept: psycopg.Connection[Any], migrated: str, probe: str
) -> None:
    swept.execute(
        sql.SQL("revoke execute on function {} from nosender_auditor").format(sql.Identifier(probe))
    )
    result = run(auditor(migrated), Options())
    assert result.exit_code in (1, 3)
    assert result.verdict != "pass"
    if probe not in ("audit_order", *LEDGER):  # these decide nothing
        assert [
            each.reason for each in result.checks if each.reason and probe in each.reason
        ] or result.findings


@pytest.mark.parametrize(
    ("taken", "given"),
    [
        ("revoke usage on schema public from nosender_auditor, public", "select 1"),
        (
            "revoke pg_read_all_settings from nosender_auditor",
            "grant pg_read_all_settings to nosender_auditor",
        ),
        ("revoke connect on database {} from public", "select 1"),
    ],
)
def test_a_right_taken_away_is_never_a_pass(
    swept: psycopg.Connection[Any], migrated: str, taken: str, given: str
) -> None:
    name = sql.Identifier(swept.info.dbname)
    login = "nosender_denied"
    swept.execute(f"drop role if exists {login}".encode())
    swept.execute(f"create role {login} login in role nosender_auditor".encode())
    try:
        swept.execute(sql.SQL(taken).format(name))
        target = Target(psycopg.conninfo.make_conninfo(migrated, user=login))
        assert exit_code(target) in (1, 3, 4)
    finally:
        swept.execute(given.encode())
        swept.execute(f"drop role {login}".encode())


def catalogs_read() -> list[str]:
    """Every catalog and view of PostgreSQL that the audit's own SQL names."""
    folder = ROOT / "schema" / "observe" / "read"
    files = [*folder.glob("*.sql"), ROOT / "privacy_audit" / "snapshot" / "surroundings.sql"]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    return sorted(set(re.findall(r"(?:from|join) pg_catalog\.(pg_\w+)\b(?!\()", text)))


@pytest.mark.parametrize("catalog", catalogs_read())
def test_a_catalog_that_is_denied_is_never_a_pass(
    swept: psycopg.Connection[Any], migrated: str, catalog: str
) -> None:
    found = swept.execute("select to_regclass(%s)", [f"pg_catalog.{catalog}"]).fetchone()
    if found == (None,):
        pytest.skip("this major has none of the name")
    swept.execute(sql.SQL("revoke select on pg_catalog.{} from public").format(sql.Identifier(catalog)))
    assert exit_code(auditor(migrated)) in (1, 3, 4)


@pytest.mark.usefixtures("swept")
@pytest.mark.parametrize("table", TABLES)
def test_a_locked_table_is_unreadable_and_never_a_pass(migrated: str, table: str) -> None:
    with psycopg.connect(migrated) as holder:
        holder.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.Identifier(table)))
        code, words = 0, ""
        try:
            result = run(auditor(migrated), Options(lock_timeout=50))
            code, words = result.exit_code, " ".join(each.reason or "" for each in result.checks)
        except NosenderError as error:
            code, words = error.exit_code, str(error)
    assert code == 3
    assert "LockNotAvailable" in words or "unreadable: locked" in words
