"""Knobs stand in nosender.toml and are turned by `db upgrade` alone, in one step that the journal holds."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.migrations import knob_step, runner, sql_script
from nosender.migrations.plan import make_plan
from nosender.migrations.plan_text import as_json, as_text
from nosender.migrations.revisions import Chain
from nosender.project import Declared, find
from nosender.schema.knobs import Knobs
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]


def declared(folder: Path, *lines: str) -> Declared:
    (folder / "nosender.toml").write_text("\n".join(["[retention]", *lines]) + "\n")
    found = find(folder).retention
    assert found is not None
    return found


def journal(database: str) -> list[tuple[str, str]]:
    with psycopg.connect(database) as connection:
        return connection.execute(
            "select revision, direction from migration_journal where revision = 'retention_knobs'"
        ).fetchall()


def standing(database: str) -> Knobs | None:
    with psycopg.connect(database) as connection:
        return knob_step.standing(connection, "public")


def test_an_upgrade_turns_what_is_declared_and_no_other_does(
    server: EmbeddedServer, database: str, tmp_path: Path
) -> None:
    target = Target(database)
    wanted = declared(tmp_path, 'history = "90 days"', 'settle = "6 hours"')
    first = runner.upgrade(target, options=runner.Options(declared=wanted))
    assert first.turned == ("history: off becomes 90 days", "settle: 1 hour becomes 6 hours")
    assert (standing(database), journal(database)) == (wanted.values, [("retention_knobs", "up")])

    # again, with the same and with no file: nothing happens
    assert runner.upgrade(target, options=runner.Options(declared=wanted)).turned == ()
    assert runner.upgrade(target).turned == ()
    assert runner.check(target, runner.Options(declared=wanted))[1] == runner.check(target)[1] == ()
    assert len(journal(database)) == 1

    # another value is told beforehand, and is a difference until it is turned
    other = declared(tmp_path, 'history = "60 days"')
    plan = make_plan(target, scratch=server.conninfo(), declared=other)
    assert "  history: 90 days becomes 60 days\n  settle: 6 hours becomes 1 hour\n" in as_text(plan)
    assert [each.line for each in runner.check(target, runner.Options(declared=other))[1]] == [
        "knob public.retention_knobs(), history: expected 60 days (nosender.toml:2), found 90 days",
        "knob public.retention_knobs(), settle: expected 1 hour (nosender.toml:1), found 6 hours",
    ]
    file = tmp_path / "plan.json"
    file.write_text(as_json(plan))
    with pytest.raises(NosenderError, match="is of other knobs"):
        runner.upgrade(target, options=runner.Options(declared=wanted, plan=file))
    assert len(runner.upgrade(target, options=runner.Options(declared=other, plan=file)).turned) == 2
    assert standing(database) == other.values

    # the values are lost by no downgrade unless they are set back
    with pytest.raises(NosenderError, match="cannot go back: 1 knobs are turned"):
        runner.downgrade(target, "0009")


def test_the_script_does_the_same(database: str, tmp_path: Path) -> None:
    target = Target(database)
    runner.upgrade(target)
    wanted = declared(tmp_path, 'delivered = "delete"')
    head = runner.current(target).revision or ""
    script = sql_script.render("public", head, "head", knobs=wanted.values)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(script.encode())
    assert (standing(database), len(journal(database))) == (wanted.values, 1)
    assert sql_script.render("public", "0008", "0009", knobs=wanted.values).count("retention_knobs") == 0


def test_another_function_in_its_place_is_drift_and_is_not_turned(database: str, tmp_path: Path) -> None:
    target = Target(database)
    runner.upgrade(target)
    with psycopg.connect(database) as connection:
        connection.execute(
            knob_step.statement("public", Knobs()).replace("'keep'", "(select 'keep')").encode()
        )
    (difference,) = runner.check(target)[1]
    assert difference.object == "public.retention_knobs()"
    wanted = declared(tmp_path, 'history = "90 days"')
    with pytest.raises(NosenderError, match=r"is not what revision .* left"):
        runner.upgrade(target, options=runner.Options(declared=wanted))
    with pytest.raises(NosenderError, match="is not the declared one, so no knob was turned"):
        runner.upgrade(target, options=runner.Options(declared=wanted, verify=False))


def test_a_bad_value_is_one_sentence_and_changes_nothing(
    database: str, run_nosender: RunNosender, tmp_path: Path
) -> None:
    (tmp_path / "nosender.toml").write_text('[retention]\nsettle = "5 minutes"\n')
    refused = run_nosender("--url", database, "db", "upgrade")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines()[-1].endswith(
        "nosender.toml:2: settle must be one of 1, 2, 3, 6, 12, 24 hours, not 5 minutes."
    )
    with psycopg.connect(database) as connection:
        assert connection.execute("select to_regclass('messages')").fetchone() == (None,)
    (tmp_path / "nosender.toml").write_text('[retention]\ndelivered = "delete"\n')
    done = run_nosender("--url", database, "db", "upgrade")
    assert done.stdout.splitlines()[1:] == ["delivered: keep becomes delete"]
    plan = json.loads(run_nosender("--url", database, "db", "plan", "--format", "json").stdout)
    assert plan["knobs"] is None


def test_no_later_revision_makes_the_function_again() -> None:
    later = [each for each in Chain.load().revisions if each.revision > "0011"]
    made = re.compile(
        r"(create|drop|alter)( or replace)? function (public\.)?retention_knobs\b", re.IGNORECASE
    )
    assert [each.revision for each in later if made.search(each.sql("up"))] == []
