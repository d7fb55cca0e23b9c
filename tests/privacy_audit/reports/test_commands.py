"""`audit run` in every format, `evidence key`, `audit sign`, `verify` and `diff`: what a pipeline calls."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import psycopg
import pytest
from psycopg import sql

from nosender.privacy_audit.reports import FORMATS
from nosender.privacy_audit.reports import json as plain
from nosender.privacy_audit.result.audit import Audit
from nosender.server.target import Target
from nosender.traffic.fill import fill

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def audit(run_nosender: RunNosender, target: Target) -> RunNosender:
    def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
        return run_nosender("--url", target.conninfo, "audit", *words, **options)

    return run


def plant(target: Target, statement: bytes = b"alter table messages add column sender_phone text") -> None:
    with psycopg.connect(target.conninfo) as connection:
        connection.execute(statement)


def test_several_formats_go_to_a_folder_at_once(audit: RunNosender, target: Target, tmp_path: Path) -> None:
    fill(target, 5, 50, 1)
    plant(target)
    words = [word for form in FORMATS for word in ("--format", form)]
    answer = audit("run", *words, "--output", "out")
    assert answer.returncode == 1, answer.stderr
    assert answer.stdout == ""
    assert {file.name for file in (tmp_path / "out").iterdir()} == set(FORMATS.values())
    for name in FORMATS.values():
        assert "sender_phone" in (tmp_path / "out" / name).read_text(encoding="utf-8")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    schema = resources.files("nosender.privacy_audit.reports").joinpath("audit-1.schema.json")
    jsonschema.validate(report, json.loads(schema.read_text()))


HOSTILE = (
    "</script><script>alert(1)</script>",
    "]]><!--",
    "%0A::error::owned",
    "\u202egnp.exe\u2066",
    "\x1b[2J\x1b]0;owned\x07",
    "n" * 63,
    "line\nbreak\r\n::error::x",
    "`tick` | pipe [a](b)",
    "+15551234567",
)


def test_names_of_a_real_database_break_out_of_no_format(
    audit: RunNosender, target: Target, tmp_path: Path
) -> None:
    with psycopg.connect(target.conninfo) as connection:
        for name in HOSTILE:
            column = sql.Identifier(name)
            connection.execute(sql.SQL("create table {} ({} text)").format(column, column))
            connection.execute(sql.SQL("comment on table {} is {}").format(column, sql.Literal(name)))
    words = [word for form in FORMATS for word in ("--format", form)]
    assert audit("run", *words, "--output", "out").returncode == 1
    read = {form: (tmp_path / "out" / name).read_bytes().decode() for form, name in FORMATS.items()}
    for form, text in read.items():
        assert "5551234567" not in text, form
        if form != "json":
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text), form
    assert len(json.loads(read["json"])["findings"]) >= 2 * len(HOSTILE)
    assert len(json.loads(read["sarif"])["runs"][0]["results"]) >= 2 * len(HOSTILE)
    assert len(json.loads(read["gitlab"])) >= 2 * len(HOSTILE)
    assert ElementTree.fromstring(read["junit"]).tag == "testsuites"  # noqa: S314  # our own text
    assert read["html"].count("<script") == 1
    assert all(re.match("::(error|warning|notice) ", line) for line in read["github"].split("\n")[:-1])
    assert max(map(len, read["text"].splitlines())) <= 80


def test_a_format_goes_to_the_screen_alone(audit: RunNosender) -> None:
    answer = audit("run", "--format", "html", "--check", "undeclared-column")
    assert answer.returncode == 3
    assert answer.stdout.startswith("<!doctype html>")
    assert answer.stdout.endswith("</html>\n")


def test_no_phone_number_and_no_key_is_in_any_format(
    audit: RunNosender, target: Target, tmp_path: Path
) -> None:
    fill(target, 20, 200, 1)
    plant(target)
    with psycopg.connect(target.conninfo) as connection:
        phones = [phone for (phone,) in connection.execute("select phone_number from users")]
        connection.execute("update messages set sender_phone = %s", [phones[0]])
        secrets = [
            value.hex()
            for (value,) in connection.execute(
                "select encrypted_session_key from device_session_keys union all"
                " select x25519_public_key from messaging_public_keys"
            )
        ]
        identifiers = [one for (one,) in connection.execute("select message_id from messages")]
    words = [word for form in FORMATS for word in ("--format", form)]
    audit("run", *words, "--output", "out")
    for file in (tmp_path / "out").iterdir():
        text = file.read_text(encoding="utf-8")
        assert not [one for one in (*phones, *secrets, *identifiers) if one.lstrip("+") in text], file.name


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--format", "html", "--format", "json"], "add --output FOLDER"),
        (["--format", "html", "--format", "json", "--output", "file"], "is a file, and several formats need"),
        (["--output", "folder"], "is a folder: name a file in it"),
        (["--sign", "key"], "--sign signs the JSON report"),
        (["--format", "json", "--output", "r.json", "--sign", "missing"], "missing cannot be read"),
        (["--baseline", "missing.json"], "missing.json cannot be read"),
        (["--baseline", "file"], "is not a report"),
        (["--format", "pdf"], "'pdf' is not one of"),
    ],
)
def test_what_does_not_fit_together_is_said_before_anything_runs(
    run_nosender: RunNosender, tmp_path: Path, words: list[str], sentence: str
) -> None:
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder").mkdir()
    answer = run_nosender("--url", "postgresql://nowhere.invalid/x", "audit", "run", *words)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert sentence in answer.stderr
    assert (tmp_path / "file").read_text() == "precious"


def test_an_output_that_cannot_be_written_is_said(audit: RunNosender, tmp_path: Path) -> None:
    answer = audit("run", "--check", "undeclared-column", "--output", "no/such/folder/report.txt")
    assert answer.returncode == 2
    assert len(answer.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_step_of_a_workflow_adds_to_its_summary(audit: RunNosender, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n")
    env = {"GITHUB_STEP_SUMMARY": str(summary)}
    assert audit("run", "--format", "github", "--check", "undeclared-column", env=env).returncode == 3
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("# Before\n# ❔ Privacy audit: incomplete\\: ")
    audit("run", "--format", "text", "--check", "undeclared-column", env=env)
    assert summary.read_text(encoding="utf-8") == text


def test_a_page_is_signed_with_the_report_and_every_format_is_made_from_it(
    audit: RunNosender, run_nosender: RunNosender, tmp_path: Path
) -> None:
    assert run_nosender("evidence", "key", "operator").returncode == 0
    forms = [word for form in ("json", "html", "markdown", "junit") for word in ("--format", form)]
    assert audit("run", *forms, "--output", "kept", "--sign", "operator").returncode in (0, 1, 3)
    verified = run_nosender("audit", "verify", "kept/report.json", "--key", "operator.pub")
    assert verified.returncode == 0, verified.stderr
    assert "of the same run, and unchanged: report.html" in verified.stdout.splitlines()

    made = run_nosender("audit", "render", "kept/report.json", *forms, "--output", "again")
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    for name in ("report.json", "report.md", "report.junit.xml"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "kept" / name).read_bytes(), name

    page = tmp_path / "kept" / "report.html"
    page.write_text(page.read_text().replace("Holds", "holds", 1))
    altered = run_nosender("audit", "verify", "kept/report.json", "--key", "operator.pub")
    assert (altered.returncode, altered.stdout) == (1, "")
    assert "report.html was altered after it was signed" in altered.stderr
    page.unlink()
    assert (
        "and not here: report.html"
        in run_nosender("audit", "verify", "kept/report.json", "--key", "operator.pub").stdout
    )


@pytest.mark.parametrize(
    ("part", "put"), [("claims", [{}]), ("checks", [1]), ("findings", [{"check": 7}]), ("fail_on", "mild")]
)
def test_what_is_no_whole_report_is_not_rendered(
    run_nosender: RunNosender, tmp_path: Path, rich: Audit, part: str, put: object
) -> None:
    (tmp_path / "odd.json").write_text(json.dumps(plain.as_data(rich) | {part: put}))
    answer = run_nosender("audit", "render", "odd.json")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("nosender: odd.json is not a whole report: ")


def test_a_report_is_signed_by_two_and_verified_offline(
    audit: RunNosender, run_nosender: RunNosender, tmp_path: Path
) -> None:
    for name in ("operator", "reviewer", "stranger"):
        made = run_nosender("evidence", "key", name)
        assert made.returncode == 0
        assert "PRIVATE" not in made.stdout + made.stderr
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    words = ["--format", "json", "--output", "report.json", "--sign", "operator"]
    assert audit("run", "--check", "undeclared-column", *words).returncode == 3  # one check is not the whole
    assert run_nosender("audit", "sign", "report.json", "--key", "reviewer").returncode == 0

    def verify(*keys: str) -> subprocess.CompletedProcess[str]:
        return run_nosender(
            "audit", "verify", "report.json", *(word for key in keys for word in ("--key", key))
        )

    good = verify("operator.pub", "reviewer.pub")
    assert good.returncode == 0, good.stderr
    assert good.stdout.splitlines()[0].startswith("verified: incomplete, ")
    assert "and by 1 whose keys were not given" in verify("operator.pub").stdout
    assert (verify("stranger.pub").returncode, verify("operator.pub", "stranger.pub").returncode) == (1, 1)
    assert verify().returncode == 2

    report = tmp_path / "report.json"
    whole = report.read_text()
    report.write_text(whole.replace('"incomplete"', '"fail"', 1))
    altered = verify("operator.pub")
    assert (altered.returncode, altered.stdout) == (1, "")
    assert "was altered after it was signed" in altered.stderr
    report.write_text(whole[:-40])
    cut = verify("operator.pub")
    assert (cut.returncode, cut.stdout) == (2, "")
    assert "is cut off" in cut.stderr
    report.write_text(whole.replace("nosender.audit/1", "nosender.audit/7"))
    assert "newer than this program" in verify("operator.pub").stderr
    report.unlink()
    assert verify("operator.pub").returncode == 2


def test_an_unsigned_report_is_not_verified(audit: RunNosender, run_nosender: RunNosender) -> None:
    audit("run", "--check", "undeclared-column", "--format", "json", "--output", "report.json")
    run_nosender("evidence", "key", "operator")
    answer = run_nosender("audit", "verify", "report.json", "--key", "operator.pub")
    assert answer.returncode == 2
    assert "is not signed" in answer.stderr


def test_the_statement_names_database_and_ledger(
    audit: RunNosender, run_nosender: RunNosender, target: Target, tmp_path: Path
) -> None:
    import base64

    from nosender.retention.sweep import FAST, sweep

    receipt = sweep(target, pace=FAST)
    run_nosender("evidence", "key", "operator")
    audit("run", "--format", "json", "--output", "report.json", "--sign", "operator")
    envelope = json.loads((tmp_path / "report.json.dsse").read_text())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    report = json.loads((tmp_path / "report.json").read_text())
    assert statement["predicate"]["ledger"] == {"length": receipt.ledger_id, "head": receipt.ledger_hash}
    assert statement["predicate"]["database"] == report["target"]


def test_a_baseline_shows_and_decides_nothing(audit: RunNosender, target: Target) -> None:
    audit("run", "--format", "json", "--output", "first.json")
    plant(target)
    second = audit(
        "run", "--baseline", "first.json", "--format", "json", "--format", "html", "--output", "second"
    )
    assert second.returncode == 1
    third = audit("run", "--baseline", "second/report.json", "--format", "json", "--output", "third.json")
    assert third.returncode == 1  # what is unchanged is as bad as it was
    shown = audit("diff", "first.json", "third.json")
    assert shown.returncode == 0
    assert "New: " in shown.stdout
    assert "public.messages.sender_phone" in shown.stdout
    assert "New: 0" in audit("diff", "second/report.json", "third.json").stdout


def test_first_seen_travels_from_report_to_report(audit: RunNosender, target: Target, tmp_path: Path) -> None:
    plant(target)
    audit("run", "--check", "undeclared-column", "--format", "json", "--output", "first.json")
    first = json.loads((tmp_path / "first.json").read_text())
    for before, after in (("first.json", "second.json"), ("second.json", "third.json")):
        audit(
            "run", "--check", "undeclared-column", "--baseline", before, "--format", "json", "--output", after
        )
    third = json.loads((tmp_path / "third.json").read_text())
    (finding,) = third["findings"]
    assert third["run"]["measured"]["first_seen"] == {finding["fingerprint"]: first["run"]["finished"]}


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_a_comparison_knows_what_is_fixed_and_what_is_only_unseen(
    audit: RunNosender, run_nosender: RunNosender, target: Target, form: str
) -> None:
    plant(target)
    audit("run", "--format", "json", "--output", "bad.json")
    plant(target, b"alter table messages drop column sender_phone")
    audit("run", "--format", "json", "--output", "good.json")
    audit("run", "--format", "json", "--check", "missing-table", "--output", "narrow.json")
    fixed = run_nosender("audit", "diff", "bad.json", "good.json", "--format", form)
    unseen = run_nosender("audit", "diff", "bad.json", "narrow.json", "--format", form)
    assert (fixed.returncode, unseen.returncode) == (0, 0)
    if form == "json":
        assert json.loads(fixed.stdout)["fixed"][0]["object"] == "public.messages.sender_phone"
        assert json.loads(unseen.stdout)["fixed"] == []
        assert json.loads(unseen.stdout)["unknown"]
    else:
        assert "ixed: 0" not in fixed.stdout
        assert "ixed: 0" in unseen.stdout


def test_what_is_no_report_is_not_compared(run_nosender: RunNosender, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("{}")
    answer = run_nosender("audit", "diff", "a", "a")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert len(answer.stderr.splitlines()) == 1
