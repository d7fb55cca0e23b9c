"""A login that may read no table counts in a project's own as their owner does, by a function of values."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from nosender.errors import UsageError
from nosender.migrations.freeze import freeze
from nosender.migrations.revisions import Chain
from nosender.privacy_audit import runner
from nosender.privacy_audit.snapshot.snapshot import Unseen
from nosender.project import Project, find
from nosender.project.declared import catalogue_of, frozen_of
from nosender.schema.project_columns import EMPTY, FUNCTION, Row, body, of_values
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..privacy_audit.auditor import as_auditor
from .test_retention import filled

HELD_BY_TIME = {"retention_overdue", "audit_overdue"}
"""Probes of which seconds pass between two looks."""


def answers(conninfo: str, project: Project) -> dict[str, object]:
    """What each probe told of the project's tables, in any order."""
    with psycopg.connect(conninfo) as connection:
        reading = runner.read_snapshot(
            connection, "public", catalogue_of(project), frozen=frozen_of(project, "public")
        )
    return {
        name: found
        if isinstance(found, Unseen)
        else sorted(
            repr(sorted(row.items()))
            for row in found
            if "push_tokens" in (row.get("table_name"), row.get("other_table"))
        )
        for name, found in reading.snapshot.probes.items()
        if name not in HELD_BY_TIME
    }


def replaced(target: Target, old: str, new: str) -> None:
    """Put something else into the function."""
    with psycopg.connect(target.conninfo) as connection:
        found = connection.execute(f"select pg_get_functiondef('{FUNCTION}'::regproc)").fetchone()
        assert found is not None
        assert old in found[0]
        connection.execute(found[0].replace(old, new).encode())


def test_it_is_told_the_same_as_the_owner_of_the_tables(both: Target, project: Project) -> None:
    filled(both, 5)
    with psycopg.connect(both.conninfo, options="-c TimeZone=UTC") as connection:
        connection.execute("update push_tokens set sealed_token = repeat('call +4915110000001 ', 5)::bytea")
    told = answers(as_auditor(both.conninfo), project)
    assert told == answers(both.conninfo, project)
    looked = {name for name, rows in told.items() if rows}
    assert {"audit_content", "audit_order", "audit_sizes", "audit_times", "audit_same_transaction"} <= looked
    owner = runner.run(both, runner.Options(project=project))
    audit = runner.run(Target(as_auditor(both.conninfo)), runner.Options(project=project))
    assert audit.target.revision == owner.target.revision == Chain.load().head
    assert [each.check.slug for each in audit.unseen()] == ["sweep-not-recent"]
    assert "plaintext" in {each.check for each in audit.gating()}


@pytest.mark.parametrize("new", ["'state'::text", "lower('STATE')"])
def test_another_body_than_the_catalogue_s_is_never_believed(
    both: Target, project: Project, new: str
) -> None:
    replaced(both, "'ciphertext'::text", new)
    found = answers(as_auditor(both.conninfo), project)["audit_content"]
    assert isinstance(found, Unseen)
    assert f"{FUNCTION} has another body than declared" in found.reason


def test_a_catalogue_that_changed_since_the_freeze_is_not_what_is_counted_by(
    both: Target, courier: Path
) -> None:
    table = courier / "privacy" / "push_tokens.toml"
    table.write_text(table.read_text().replace('class = "ciphertext"', 'class = "wrapped-key"'))
    found = answers(as_auditor(both.conninfo), find(courier))["audit_content"]
    assert isinstance(found, Unseen)


def test_only_values_stand_in_it(server: EmbeddedServer, courier: Path) -> None:
    row = Row("notes", "it's", "time", 3600, "user")
    assert all(map(of_values, (EMPTY, body(()), body((row,)), body((row, row)))))
    assert not of_values(body((row,)).replace("'time'", "lower('time')"))
    sql = courier / "migrations" / "versions" / "c002_columns.sql"
    sql.write_text(sql.read_text().replace("'serial'::text", "lower('serial')"))
    with pytest.raises(UsageError, match=f"more than values into {FUNCTION}"):
        freeze(server.conninfo(), find(courier))
