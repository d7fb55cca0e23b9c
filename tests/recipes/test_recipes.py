"""Each recipe of CONTRIBUTING, performed to the letter on a copy of the checkout, and judged by the gate.

The steps are read from CONTRIBUTING: a name in backticks is a file that the contributor writes, a command in
backticks is run. So a recipe that forgets a file, or names one that nobody needs, fails here.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .contributor import ROOT, WORKS, Work

COMMANDS = ("alembic", "make", "nosender", "pytest")
RECIPES = re.findall(
    r"^## (Add .*)\n\n((?:.+\n)+)", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE
)


@dataclass(frozen=True)
class Recipe:
    """One recipe, with its capitals filled in."""

    steps: tuple[str, ...]
    """The files and commands, in the order in which they are named."""

    @property
    def files(self) -> tuple[str, ...]:
        """What the contributor writes."""
        return tuple(step for step in self.steps if not is_command(step))


def is_command(step: str) -> bool:
    return step.partition(" ")[0] in COMMANDS


def recipe(work: Work) -> Recipe:
    """The recipe that the work is done by."""
    text = dict(RECIPES)[work.heading]
    for word in sorted(work.words, key=len, reverse=True):
        text = re.sub(rf"(?<![A-Z]){word}(?![A-Z])", work.words[word], text)
    named = [" ".join(each.split()) for each in re.findall(r"`([^`]+)`", text)]
    return Recipe(
        tuple(each for each in named if is_command(each) or re.fullmatch(r"[\w./-]+/[\w./-]+\.[\w.-]+", each))
    )


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """This project as it is in the work tree, committed on main; the environment counts as made."""
    folder = tmp_path / "checkout"
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        source = ROOT / name
        if name and (source.is_file() or source.is_symlink()):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name, follow_symlinks=False)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "base")
    (folder / ".venv").mkdir()
    for stamp in (".runs", ".develops"):
        (folder / ".venv" / stamp).touch()
    yield folder
    shutil.rmtree(folder)


def run(folder: Path, command: str) -> str:
    """Run a command of a recipe as somebody with the environment active; it must succeed."""
    hidden = ("PG", "NOSENDER_", "DATABASE_URL", "GITHUB_", "PYTEST_", "MAKE")
    programs = Path(sys.executable).parent
    env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)} | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder / "src"),
        # Make takes the programs from here, for .venv is an empty folder with stamps.
        "BIN": str(programs),
        "MAKEFLAGS": "e",
    }
    answer = subprocess.run(
        shlex.split(command), cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, f"{command}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout + answer.stderr


def changed(folder: Path) -> set[str]:
    """The files that differ from the commit, new ones included."""
    lines = git(folder, "status", "--porcelain", "-z", "-uall", "--no-renames").split("\0")
    return {line[3:] for line in lines if line}


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.heading)
def test_a_recipe_to_the_letter(checkout: Path, work: Work) -> None:
    steps = recipe(work)
    generated: set[str] = set()
    for step in steps.steps:
        if is_command(step):
            before = changed(checkout)
            answer = run(checkout, step)
            for beginning, text in work.shows.items():
                assert not step.startswith(beginning) or text in answer, answer
            if step == "make generate":
                generated |= changed(checkout) - before
                generated |= set(re.findall(r"^written: (.*)$", answer, re.MULTILINE))
            continue
        path = checkout / step
        if step not in work.files:
            assert step in generated, f"{step} is named, and nobody writes it"
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(work.files[step](text), encoding="utf-8")
    assert set(work.files) <= set(steps.files)
    assert changed(checkout) - generated == set(work.files), "the recipe names other files than it touches"


def test_every_recipe_is_performed_and_short() -> None:
    assert [heading for heading, _ in RECIPES] == [work.heading for work in WORKS]
    for heading, text in RECIPES:
        assert len(re.findall(r"^\d+\. ", text, re.MULTILINE)) <= 10, heading
    assert all(recipe(work).steps for work in WORKS)
    assert all("nosender gate --base main" in recipe(work).steps for work in WORKS[:4])
