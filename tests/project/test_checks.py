"""A project's own checks: run with ours, marked as theirs, and held to their examples."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest

from nosender.errors import UsageError
from nosender.gate.checkout import find_checkout
from nosender.gate.project_runner import ProjectPlace, steps
from nosender.privacy_audit import runner as audit
from nosender.privacy_audit.project_checks import all_checks, own_checks
from nosender.privacy_audit.reports import FORMATS, render, text
from nosender.privacy_audit.selftest import Field, unheld
from nosender.project import find
from nosender.project.declared import catalogue_of, frozen_of
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import RunNosender
from .conftest import template


@pytest.fixture
def check(courier: Path) -> Path:
    """The folder of the example's check."""
    return courier / "checks" / "long-lived-token"


def test_it_runs_with_ours_and_says_whose_it_is(both: Target, courier: Path) -> None:
    project = find(courier)
    (own,) = own_checks(project)
    assert (own.check.slug, own.check.whose) == ("long-lived-token", "courier")
    with psycopg.connect(both.conninfo) as connection:
        connection.execute(own.example("bad.sql").encode())
    found = audit.run(both, audit.Options(project=project, checks=("long-lived-token",)))
    (finding,) = found.findings
    assert (finding.object, finding.facts["check_of"]) == ("public.push_tokens.expires_at", "courier")
    assert "(a check of courier)" in text.render(found)
    for form in FORMATS:
        assert "public.push_tokens.expires_at" in render(form, found)
    # without the project nothing of it is there
    with pytest.raises(UsageError, match="there is no check 'long-lived-token'"):
        audit.run(both, audit.Options(checks=("long-lived-token",)))


def test_the_selftest_plants_theirs_beside_ours(courier: Path, run_nosender: RunNosender) -> None:
    words = ("audit", "selftest", "--check", "long-lived-token", "--check", "undeclared-column")
    done = run_nosender(*words, cwd=courier)
    assert (done.returncode, done.stderr) == (0, "4 of 4 leaks found\n"), done.stdout
    assert [line.split()[1:] for line in done.stdout.splitlines()] == [
        ["undeclared-column", "public.message_deliveries.via,", "public.messages.sender_phone"],
        ["long-lived-token", "public.push_tokens.expires_at"],
        ["undeclared-column", "public.courier_version.planted_sender"],
        ["undeclared-column", "public.push_tokens.planted_sender"],
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("bad.sql", "-- finds:", "-- ", ["bad.sql has no line `-- finds: OBJECT`, so it proves nothing."]),
        (
            "bad.sql",
            "push_tokens alter",
            "nowhere alter",
            ['cannot be run: relation "nowhere" does not exist'],
        ),
        (
            "check.py",
            "if not each.not_null",
            "",
            ["After nothing it", "sql and fix.sql it", "After good.sql"],
        ),
        (
            "check.py",
            "return Answer",
            "raise KeyError\n    return Answer",
            ["it cannot look: the check failed"] * 4,
        ),
    ],
)
def test_a_check_that_does_not_hold_is_told(
    server: EmbeddedServer, courier: Path, check: Path, name: str, old: str, new: str, says: list[str]
) -> None:
    project = find(courier)
    field = Field(
        server.conninfo(), template(server), "public", catalogue_of(project), frozen_of(project, "public")
    )
    file = check / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    told = [each.words for each in unheld(own_checks(project)[0], field)]
    assert len(told) == len(says), told
    assert all(part in each for part, each in zip(says, told, strict=True)), told


def test_the_gate_holds_it_to_its_examples(courier: Path, server: EmbeddedServer, check: Path) -> None:
    for words in (("init", "-q"),):
        subprocess.run(["git", "-C", courier, *words], check=True, capture_output=True)
    with ProjectPlace(find_checkout(courier, None), courier, server.conninfo()) as place:
        step = next(each for each in steps(place) if each.slug == "checks-hold")
        assert list(step.problems(place)) == []  # type: ignore[arg-type]
        (check / "good.sql").write_text((check / "bad.sql").read_text())
        (problem,) = step.problems(place)  # type: ignore[arg-type]
        assert (problem.object, str(problem.path)) == (check.name, f"checks/{check.name}/good.sql")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("query.sql", None, "a check is five files, and query.sql is not there"),
        ("check.py", "import nothing_of_that_name", "cannot be read: ModuleNotFoundError"),
        ("check.py", "CHECK = 1", "a check has CHECK"),
        ("check.py", "raise SystemExit(0)", "cannot be read: SystemExit"),
        ("bad.sql", "\udcff", "cannot be read as text in UTF-8"),
    ],
)
def test_what_is_no_check_is_refused(
    courier: Path, check: Path, name: str, text: str | None, says: str
) -> None:
    if text is None:
        (check / name).unlink()
    else:
        (check / name).write_text(text, errors="surrogateescape")
    with pytest.raises(UsageError, match=says):
        all_checks(find(courier))


def test_the_name_of_one_of_ours_is_taken(courier: Path, check: Path) -> None:
    moved = check.rename(check.parent / "overdue-row")
    with pytest.raises(UsageError, match="stands in a folder of another name"):
        all_checks(find(courier))
    file = moved / "check.py"
    file.write_text(file.read_text().replace("long-lived-token", "overdue-row"))
    with pytest.raises(UsageError, match="'overdue-row' is one of ours"):
        all_checks(find(courier))


def test_the_commands_about_checks_know_it(courier: Path, run_nosender: RunNosender) -> None:
    listed = run_nosender("audit", "list", "--project", str(courier)).stdout
    assert "  long-lived-token  (high, certain, a check of courier)\n" in listed
    assert listed.count("retention-runs: ") == 1
    explained = run_nosender("audit", "explain", "long-lived-token", "--project", str(courier)).stdout
    assert "a check of courier" in explained.splitlines()[0]
    assert "bad.sql" not in explained
    assert "alter table" in explained or "insert into" in explained
    asked = run_nosender("audit", "queries", "--project", str(courier)).stdout
    assert "\\echo retention-runs long-lived-token\n" in asked
    without = run_nosender("audit", "explain", "long-lived-token")
    assert without.returncode == 2
    assert "there is no check 'long-lived-token'" in without.stderr
