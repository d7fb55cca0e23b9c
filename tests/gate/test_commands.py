"""The gate as people and pipelines call it: wrong usage, skipped steps, nothing to look at."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from nosender.gate.runner import FAST, NAMES

from ..conftest import run_module
from .conftest import git

ROOT = Path(__file__).parent.parent.parent


def gate(*words: str, cwd: Path = ROOT, **more: str) -> subprocess.CompletedProcess[str]:
    hidden = ("PG", "NOSENDER_", "DATABASE_URL", "GITHUB_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return run_module("nosender", "gate", *words, cwd=cwd, env=env | more)


@pytest.fixture
def clone(base: Path, tmp_path: Path) -> Path:
    """The project as it is in the work tree, in a repository of its own."""
    git(base, "clone", "-q", ".", str(tmp_path / "clone"))
    return tmp_path / "clone"


def test_every_step_is_listed_and_documented() -> None:
    listed = gate("--list").stdout
    page = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"\n{name} " in f"\n{listed}"
        assert f"| `{name}` |" in page


def test_outside_a_checkout_it_says_so(tmp_path: Path) -> None:
    answer = gate(cwd=tmp_path)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == f"nosender: {tmp_path} is no git checkout: run the gate inside one\n"


def test_another_projects_checkout_is_refused(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    answer = gate(cwd=tmp_path)
    assert answer.returncode == 2
    assert "is no checkout of a schema of ours" in answer.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--base", "no-such-branch"], "this checkout does not know no-such-branch"),
        (["--only", "no-such-step"], "there is no step no-such-step; the steps are sql-style, "),
        (["--skip", "no-such-step"], "there is no step no-such-step; the steps are sql-style, "),
        (["--format", "no-such-format"], "no-such-format"),
    ],
)
def test_wrong_usage_is_named(words: list[str], sentence: str) -> None:
    answer = gate(*words)
    assert answer.returncode == 2, answer.stderr
    assert sentence in answer.stderr


def test_a_skipped_step_is_shown_and_the_gate_incomplete() -> None:
    left_out = [name for name in NAMES if name != "catalogue-sound"]
    answer = gate(*(word for name in left_out for word in ("--skip", name)))
    assert answer.returncode == 3
    assert answer.stdout.startswith("INCOMPLETE")
    told = " ".join(answer.stdout.split())
    assert f"{len(left_out)} checks (not tested): skipped on request {', '.join(left_out)}" in told


def test_the_fast_steps_need_no_server(tmp_path: Path) -> None:
    answer = gate("--fast", "--base", "HEAD", NOSENDER_PG_BIN=str(tmp_path))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert {line.split()[1] for line in answer.stderr.splitlines() if line.endswith(" s")} <= set(FAST)


def test_nothing_of_the_schema_changed(clone: Path) -> None:
    answer = gate("--base", "HEAD", cwd=clone)
    assert (answer.returncode, answer.stdout) == (0, "")
    assert answer.stderr == "nothing of the schema, its revisions or its catalogue changed since HEAD\n"


def test_what_a_pipeline_was_promised_is_there_though_nothing_changed(clone: Path, tmp_path: Path) -> None:
    words = ("--format", "gitlab", "--format", "junit", "--format", "json", "--output", str(tmp_path / "out"))
    answer = gate("--base", "HEAD", *words, cwd=clone)
    assert answer.returncode == 0, answer.stderr
    assert json.loads((tmp_path / "out" / "report.gitlab.json").read_text(encoding="utf-8")) == []
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert (report["verdict"], {each["examined"] for each in report["checks"]}) == ("pass", {0})
    assert (tmp_path / "out" / "report.junit.xml").exists()


def test_an_extension_that_the_server_lacks(clone: Path) -> None:
    file = clone / "schema" / "ddl" / "010_extension.sql"
    file.write_text(
        file.read_text(encoding="utf-8") + "\ncreate extension no_such_extension;\n", encoding="utf-8"
    )
    answer = gate("--base", "HEAD", "--only", "ddl-equals-migrations", cwd=clone)
    assert answer.returncode == 3, answer.stdout
    assert "ddl-equals-migrations (error): " in answer.stdout
