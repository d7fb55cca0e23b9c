"""`audit run` as a user meets it: verdicts, exit codes, the JSON contract, and what is never a pass."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import sql

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.finding import Claim, Verdict
from nosender.privacy_audit.reports import FORMATS, render
from nosender.privacy_audit.runner import Options, run
from nosender.schema import ddl
from nosender.server.target import Target

from .auditor import as_auditor

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]


def audit(run_nosender: RunNosender, conninfo: str, *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON report."""
    answer = run_nosender("--url", conninfo, "audit", "run", "--format", "json", *words)
    assert answer.stdout, answer.stderr
    return answer.returncode, json.loads(answer.stdout)


def execute(conninfo: str, text: str) -> None:
    with psycopg.connect(conninfo, options="-c TimeZone=UTC", autocommit=True) as owner:
        owner.execute(text.encode())


def test_a_planted_sender_is_named(any_migrated: str, run_nosender: RunNosender) -> None:
    execute(any_migrated, "alter table messages add column sender_phone varchar(20)")
    code, report = audit(run_nosender, any_migrated)
    assert (code, report["verdict"]) == (1, "fail")
    found = {(each["check"], each["object"], each["kind"]) for each in report["findings"]}
    assert ("undeclared-column", "public.messages.sender_phone", "column") in found


def test_the_json_report_has_the_shape_that_others_script_against(
    any_migrated: str, run_nosender: RunNosender
) -> None:
    _, report = audit(run_nosender, any_migrated)
    assert set(report) >= {
        "format",
        "verdict",
        "run",
        "target",
        "claims",
        "checks",
        "findings",
        "coverage",
        "waivers",
        "limits",
    }
    assert report["format"] == "nosender.audit/1"
    assert set(report["run"]) >= {"id", "started", "finished", "tool", "command", "role", "snapshot"}
    assert set(report["checks"][0]) >= {
        *("check", "title", "claim", "severity", "confidence", "outcome", "reason", "examined", "standards")
    }
    assert report["coverage"]["columns"]["seen"] == report["coverage"]["columns"]["accounted"] > 40


def test_two_runs_give_the_same_bytes(migrated: str, run_nosender: RunNosender) -> None:
    execute(migrated, "create table contacts (owner int, peer int)")
    _, first = audit(run_nosender, migrated)
    _, second = audit(run_nosender, migrated)
    del first["run"], second["run"]
    assert json.dumps(first) == json.dumps(second)


def test_an_empty_database_never_passes(database: str, run_nosender: RunNosender) -> None:
    code, report = audit(run_nosender, database)
    assert (code, report["verdict"]) == (3, "incomplete")


def test_somebody_elses_database_never_passes(database: str, run_nosender: RunNosender) -> None:
    execute(database, "create table messages_of_others (source text, destination text)")
    code, report = audit(run_nosender, database)
    assert (code, report["verdict"], report["findings"]) == (3, "incomplete", [])
    assert "not a nosender database" in report["beside"][0]
    assert "nosender audit explore" in report["beside"][0]


def test_half_of_the_schema_is_a_finding(migrated: str, run_nosender: RunNosender) -> None:
    execute(migrated, "drop table messages cascade")
    code, report = audit(run_nosender, migrated)
    assert code == 1
    missing = [each["object"] for each in report["findings"] if each["check"] == "missing-table"]
    assert missing == ["public.messages"]


def test_another_schema_is_audited_by_its_name(database: str, run_nosender: RunNosender) -> None:
    with psycopg.connect(database) as owner:
        owner.execute('create schema "odd ""one"""')
        ddl.load(owner, 'odd "one"')
        owner.execute('alter table "odd ""one""".users add column peer int')
    answer = run_nosender("--url", database, "--schema", 'odd "one"', "audit", "run", "--format", "json")
    assert answer.returncode == 1
    found = [each["object"] for each in json.loads(answer.stdout)["findings"]]
    assert '"odd ""one""".users.peer' in found


def test_a_locked_table_is_said_to_be_locked(migrated: str, run_nosender: RunNosender) -> None:
    with psycopg.connect(migrated) as holder:
        holder.execute("lock table messages in access exclusive mode")
        answer = run_nosender("--url", migrated, "audit", "run")
    assert (answer.returncode, answer.stdout) == (3, "")
    assert "unreadable: locked" in answer.stderr
    assert "public.messages" in answer.stderr


def test_a_level_that_nothing_reaches_passes(migrated: str, run_nosender: RunNosender) -> None:
    execute(migrated, "alter table messages alter column message_type drop default")
    assert audit(run_nosender, migrated)[0] == 1
    assert audit(run_nosender, migrated, "--fail-on", "critical")[1]["verdict"] != "fail"


@pytest.mark.parametrize("words", [["--check", "no-such-check"], ["--project", "/nowhere"]])
def test_what_does_not_exist_is_wrong_usage(
    migrated: str, run_nosender: RunNosender, words: list[str]
) -> None:
    answer = run_nosender("--url", migrated, "audit", "run", *words)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert len(answer.stderr.splitlines()) == 1


def test_a_replaced_probe_is_not_called(migrated: str, run_nosender: RunNosender) -> None:
    execute(
        migrated,
        "create table witness (called int); "
        "create or replace function audit_deliveries()"
        " returns table (examined bigint, strangers bigint, whole boolean) "
        "language plpgsql security definer as $$ begin raise exception 'called'; end $$",
    )
    code, report = audit(run_nosender, as_auditor(migrated), "--check", "delivery-to-stranger")
    (check,) = report["checks"]
    assert code == 3
    assert check["outcome"] == "not-tested"
    assert (
        check["reason"]
        == "the function audit_deliveries has another body than declared, so it was not called"
    )


def test_without_the_right_to_call_it_a_probe_is_not_tested(migrated: str, run_nosender: RunNosender) -> None:
    with psycopg.connect(migrated, autocommit=True) as owner:
        owner.execute("drop role if exists nosender_test_nobody")
        owner.execute("create role nosender_test_nobody login")
        database = sql.Identifier(owner.info.dbname)
        owner.execute(sql.SQL("grant connect on database {} to nosender_test_nobody").format(database))
    answer = run_nosender(
        "--url",
        psycopg.conninfo.make_conninfo(migrated, options="-c role=nosender_test_nobody"),
        *("audit", "run", "--format", "json"),
    )
    report = json.loads(answer.stdout)
    outcomes = {each["check"]: each["outcome"] for each in report["checks"]}
    assert (answer.returncode, outcomes["delivery-to-stranger"]) == (3, "not-tested")


def test_an_explanation_carries_its_examples(run_nosender: RunNosender) -> None:
    answer = run_nosender("audit", "explain", "undeclared-column")
    assert answer.returncode == 0
    for text in ("-- finds: public.messages.sender_phone", "drop column sender_phone", "pg_attribute"):
        assert text in answer.stdout
    assert run_nosender("audit", "explain", "nothing").returncode == 2


def test_the_list_names_every_check(run_nosender: RunNosender) -> None:
    answer = run_nosender("audit", "list")
    assert answer.returncode == 0
    assert "undeclared-column  (high, certain)" in answer.stdout


def test_clean_and_swept_passes_on_every_major(any_migrated: str, run_nosender: RunNosender) -> None:
    code, report = audit(run_nosender, any_migrated)
    untested = [each["check"] for each in report["checks"] if each["outcome"] not in ("pass", "fail")]
    assert (code, untested) == (3, ["sweep-not-recent"]), report["checks"]
    execute(any_migrated, "call retention_sweep()")
    code, report = audit(run_nosender, as_auditor(any_migrated))
    assert (code, report["verdict"], report["findings"]) == (0, "pass", [])
    assert {each["outcome"] for each in report["checks"]} == {"pass"}
    for kind, counts in report["coverage"].items():
        assert counts["seen"] == counts["accounted"], kind


def test_synthetic_traffic_passes(migrated: str, run_nosender: RunNosender) -> None:
    filled = run_nosender("--url", migrated, "traffic", "fill", "--users", "60", "--messages", "2000")
    assert filled.returncode == 0, filled.stderr
    execute(migrated, "call retention_sweep()")
    code, report = audit(run_nosender, migrated)
    assert (code, report["verdict"]) == (0, "pass"), report["findings"]
    examined = {each["check"]: each["examined"] for each in report["checks"]}
    assert examined["delivery-to-stranger"] >= 12  # each is looked up in three other tables
    assert examined["unverified-signature"] > 50


FIRST: dict[str, Callable[[str], str]] = {
    "text": lambda text: text.splitlines()[0],
    "markdown": lambda text: text.splitlines()[0],
    "html": lambda text: "".join(re.findall("<title>.*</title>", text)),
    "json": lambda text: json.loads(text)["beside"][0],
    "junit": lambda text: text.splitlines()[1],
    "github": lambda text: text.splitlines()[0],
    "gitlab": lambda text: json.loads(text)[0]["description"],
    "oscal": lambda text: json.loads(text)["assessment-results"]["results"][0]["title"],
    "sarif": lambda text: json.loads(text)["runs"][0]["properties"]["beside"][0],
}
"""What is read first of each format."""


def test_a_part_is_not_the_whole(migrated: str) -> None:
    part = run(Target(migrated), Options(checks=("undeclared-column",)))
    assert (part.verdict, part.exit_code) == (Verdict.INCOMPLETE, 3)
    assert {claim.verdict for claim in part.claims} == {Verdict.INCOMPLETE}
    assert len(part.claims) == len(Claim)
    left = len(discover()) - 1
    assert set(FIRST) == set(FORMATS)
    for form, first in FIRST.items():
        assert f"{left} of {left + 1} checks were left out" in first(render(form, part)), form
    decided = json.loads(render("json", part))["run"]["decided"]
    assert decided["checks_run"] == ["undeclared-column"]
    assert len(decided["checks_left_out"]) == left


def test_many_checks_with_one_reason_are_told_once(database: str) -> None:
    told = render("text", run(Target(database)))
    assert told.count("holds none of our tables") <= 2
    assert f"{len(discover())} checks (not tested): schema public holds none of our tables" in told


def test_a_part_that_finds_something_fails(migrated: str) -> None:
    execute(migrated, "alter table messages add column sender_phone varchar(20)")
    part = run(Target(migrated), Options(checks=("undeclared-column",)))
    assert (part.verdict, part.exit_code) == (Verdict.FAIL, 1)
    assert "checks were left out" in FIRST["text"](render("text", part))


def test_nothing_stored_yet_is_said_beside_the_verdict(migrated: str) -> None:
    sentence = "Nothing is stored yet: the verdict is what the structure gives."
    assert sentence in render("text", run(Target(migrated)))
    execute(migrated, "insert into users (phone_number) values ('+4915100000001')")
    assert sentence not in render("text", run(Target(migrated)))


def test_the_revision_is_told_to_owner_and_auditor(migrated: str) -> None:
    assert run(Target(migrated), Options()).target.revision is None
    with psycopg.connect(migrated) as owner:
        owner.execute("create table alembic_version (version_num varchar(32) primary key)")
        owner.execute("insert into alembic_version values ('0015')")
    assert run(Target(migrated), Options()).target.revision == "0015"
    assert run(Target(as_auditor(migrated)), Options()).target.revision == "0015"
