"""docs/flow.md does what it says: every block runs, in order, and prints what stands below it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from nosender.privacy_audit.finding import Severity
from nosender.privacy_audit.runner import run
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

PAGE = Path(__file__).parent.parent.parent / "docs" / "flow.md"
FLOW, _, DRIVERS = PAGE.read_text(encoding="utf-8").partition("\n## With your driver\n")
DRIVERS = DRIVERS.partition("\n## ")[0]
"""What the page says of each driver stands alone: test_flow_drivers.py runs it."""


def blocks(text: str) -> list[tuple[str, str]]:
    """The language and the text of each block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


BLOCKS = blocks(FLOW)


@pytest.fixture
def messenger(migrated: str) -> str:
    """The conninfo of a role that may call the flow and nothing else."""
    with psycopg.connect(migrated, autocommit=True) as admin:
        if not admin.execute("select from pg_roles where rolname = 'messenger'").fetchall():
            admin.execute("create role messenger login in role nosender_app")
    return make_conninfo("", **conninfo_to_dict(migrated) | {"user": "messenger"})


def content_findings(conninfo: str) -> list[str]:
    """What the audit finds in values that were stored as the page says."""
    audit = run(Target(conninfo))
    asked = ("ciphertext-only", "no-relationship")
    claims = {each.check.slug: each.check.claim.value for each in audit.checks}
    return [
        f"{each.check} {each.object}"
        for each in audit.findings
        if claims[each.check] in asked and each.severity in (Severity.HIGH, Severity.CRITICAL)
    ]


def test_the_python_of_the_page_runs(messenger: str, migrated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", messenger)
    names: dict[str, object] = {"__name__": "flow"}
    try:
        for place, (language, text) in enumerate(BLOCKS):
            if language == "python":
                exec(compile(text, f"{PAGE.name}, block {place}", "exec"), names)  # noqa: S102
    finally:
        opened = names.get("connection")
        if isinstance(opened, psycopg.Connection):
            opened.close()
    assert names["anything"] is True  # the last block was reached
    assert content_findings(migrated) == []


def test_the_psql_of_the_page_prints_what_it_says(
    server: EmbeddedServer, messenger: str, migrated: str
) -> None:
    asked = [text for language, text in BLOCKS if language == "sql"]
    answers = [text for language, text in BLOCKS if language == "text"]
    done = subprocess.run(
        [server.binaries.program("psql"), "-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-d", messenger],
        input="\\echo ----\n".join(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.split("----\n") == answers
    assert content_findings(migrated) == []


def test_every_function_is_on_the_page(migrated: str) -> None:
    with psycopg.connect(migrated) as owner:
        found = owner.execute(
            """
            select proname from pg_proc
            where pronamespace = 'public'::regnamespace
            and has_function_privilege('nosender_app', oid, 'execute') and prosecdef
            """
        ).fetchall()
    assert {
        name
        for (name,) in found
        if f"{name}(" not in PAGE.read_text() and f'"{name}"' not in PAGE.read_text()
    } == set()
