"""One checkout for all pull requests of a process, put back before each, and the gate run in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from nosender.server.embedded import EmbeddedServer

from ..conftest import WARM
from ..warm import WarmPython
from .edits import VERSIONS, Judgement, PullRequest

ROOT = Path(__file__).parent.parent.parent


def git(folder: Path, *words: str) -> str:
    """Run git as somebody, whatever the machine's own settings are."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit: this project as it is in the work tree."""
    folder = tmp_path_factory.mktemp("gate") / "base"
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        source = ROOT / name
        if name and (source.is_file() or source.is_symlink()):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name, follow_symlinks=False)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "base")
    return folder


@pytest.fixture(scope="session")
def _checkout(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("change") / "checkout"
    git(base, "clone", "-q", ".", str(folder))
    return folder


@pytest.fixture
def checkout(_checkout: Path) -> Path:
    """A clone of the base without any change; the next test gets the same one, put back."""
    git(_checkout, "reset", "-q", "--hard", "origin/main")
    git(_checkout, "clean", "-qfdx", "-e", "__pycache__")  # what is compiled serves the next
    return _checkout


def environment(root: Path) -> dict[str, str]:
    """For a process that runs the code of a checkout, with no database named by chance."""
    hidden = ("PG", "NOSENDER_", "DATABASE_URL", "GITHUB_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return clean | {"PYTHONPATH": str(root / "src")}


def run(checkout: Path, module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """`python -m MODULE WORDS` in the checkout that all share, with its own code."""
    env = environment(checkout)
    if WARM and not changes_program(checkout):
        return _warm(checkout).run(module, *words, cwd=checkout, env=env)
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False)


@cache
def _warm(checkout: Path) -> WarmPython:
    return WarmPython(environment(checkout))


def changes_program(checkout: Path) -> bool:
    """Whether Python differs from the base that is not read as data: a revision is."""
    names = git(checkout, "ls-files", "-z", "--modified", "--others", "--exclude-standard").split("\0")
    return any(name.endswith(".py") and not name.startswith(f"{VERSIONS}/") for name in names)


Judge = Callable[[PullRequest], Judgement]


@pytest.fixture
def judge(checkout: Path, server: EmbeddedServer, tmp_path: Path) -> Judge:
    """Make a pull request in the checkout and run the whole gate on it."""

    def judged(request: PullRequest) -> Judgement:
        for edit in request.edits:
            edit(checkout)
        if request.generate:
            made = run(checkout, "nosender.gate.generated", server.conninfo())
            assert made.returncode == 0, made.stderr
        answer = run(
            checkout, "nosender", "--url", server.conninfo(), "gate", "--base", "origin/main",
            "--format", "json", "--format", "gitlab", "--output", str(tmp_path / "reports"),
        )  # fmt: skip
        return _read(tmp_path / "reports", checkout, answer)

    return judged


def _read(reports: Path, checkout: Path, answer: subprocess.CompletedProcess[str]) -> Judgement:
    if not reports.exists():  # nothing of the schema was touched, or the gate refused
        return Judgement([], [], [], answer.returncode, answer.stderr)
    data = json.loads((reports / "report.json").read_text(encoding="utf-8"))
    issues = json.loads((reports / "report.gitlab.json").read_text(encoding="utf-8"))
    places = {issue["fingerprint"]: issue["location"] for issue in issues}
    found, shown = [], []
    for finding in data["findings"]:
        place = places[finding["fingerprint"]]
        file = checkout / place["path"]
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        line = (lines or [""])[place["lines"]["begin"] - 1].strip()
        if finding["check"] == "reviewer-must-see":
            shown.append((finding["detail"], place["path"], line))
        elif finding["severity"] != "low" and finding["confidence"] != "hint":
            found.append((finding["check"], place["path"], line))
    unseen = [each["reason"] for each in data["checks"] if each["reason"]]
    return Judgement(sorted(found), shown, unseen, answer.returncode, answer.stderr)
