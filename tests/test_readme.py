"""The README: the run that it shows is a real one, its links lead somewhere, its commands exist."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
SHOWN = re.compile(r"(## What `make demo` prints\n.*?```\n)(.*?)(```\n)", re.DOTALL)


def without_times(text: str) -> str:
    """What does not hang on the hour: how many periods a sweep settles does, and with it the ledger's row."""
    text = re.sub(r"\brow \d+ of the ledger\b", "row 0 of the ledger", " ".join(text.split()))
    return re.sub(r"\b\d+\.\d s\b", "0.0 s", text)


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """One run of the demo, as somebody makes it who names no database but has one in the environment."""
    import sys

    return subprocess.run(
        [sys.executable, "-m", "nosender", "demo"],
        cwd=tmp_path_factory.mktemp("demo"),
        env={**os.environ, "NOSENDER_URL": "postgresql://nobody@nowhere.invalid/precious"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_run_that_it_shows_is_real(demonstration: subprocess.CompletedProcess[str]) -> None:
    text = README.read_text(encoding="utf-8")
    found = SHOWN.search(text)
    assert found
    if os.environ.get("NOSENDER_GOLDEN") == "write":
        README.write_text(
            text[: found.start(2)] + demonstration.stdout + text[found.end(2) :], encoding="utf-8"
        )
        return
    assert without_times(demonstration.stdout) == without_times(found[2])


def test_the_demo_goes_as_told_and_fits_a_terminal(demonstration: subprocess.CompletedProcess[str]) -> None:
    assert demonstration.returncode == 0, demonstration.stderr
    assert demonstration.stderr == ""
    assert max(map(len, demonstration.stdout.splitlines())) <= 80
    assert "\x1b" not in demonstration.stdout
    assert "public.messages.sender_phone" in demonstration.stdout


def test_its_links_lead_somewhere() -> None:
    docs = ROOT / "docs"
    for file in (*ROOT.glob("*.md"), *docs.rglob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", file.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (file.parent / target).exists(), f"{file.name}: {target}"
                # The site holds the pages of docs and nothing above them.
                assert not file.is_relative_to(docs) or (file.parent / target).resolve().is_relative_to(docs)


def test_it_promises_on_one_screen() -> None:
    before = README.read_text(encoding="utf-8").partition("## What `make demo` prints")[0]
    assert len(before.splitlines()) <= 40


def test_a_release_has_at_most_ten_lines() -> None:
    """As the recipes, which tests/recipes performs and counts."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert 5 <= len(text.partition("\n## Release\n\n")[2].partition("\n\n")[0].splitlines()) <= 10


def test_the_commands_that_it_names_exist(run_nosender: RunNosender) -> None:
    named = set(
        re.findall(r"^nosender ([a-z]+)(?: ([a-z]+))?", README.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert named
    for words in sorted(named):
        assert run_nosender(*filter(None, words), "--help").returncode == 0, words


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\(([^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(file.name for file in folder.glob("*.md") if file.name != "README.md")
