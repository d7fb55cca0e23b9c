"""The command: what it refuses, what it prints, and its exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ..conftest import RunNosender

SMALL = ("--users", "60", "--rate", "20", "--days", "1", "--worlds", "1", "--seed", "3")


def test_it_takes_no_database_and_says_why(run_nosender: RunNosender) -> None:
    answer = run_nosender("--url", "postgresql://nobody@nowhere/x", "audit", "attack")
    assert answer.returncode == 2
    assert "that score would be the contact list of the people in it" in answer.stderr
    kept = run_nosender("--embedded=kept", "audit", "attack")
    assert (kept.returncode, "contact list" in kept.stderr) == (2, True)
    assert run_nosender("--schema", "other", "audit", "attack").returncode == 2


def test_without_numpy_it_says_what_to_install(run_nosender: RunNosender, tmp_path: Path) -> None:
    hiding = tmp_path / "sitecustomize.py"
    hiding.write_text(
        "import importlib.util\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'numpy' else found(name, *more)\n"
    )
    answer = run_nosender("audit", "attack", env={"PYTHONPATH": str(tmp_path)})
    assert answer.returncode == 2
    assert answer.stderr == "nosender: audit attack needs numpy: install nosender with its extra, [attack]\n"


def test_help_needs_no_numpy_and_the_group_lists_it(run_nosender: RunNosender) -> None:
    assert "attack" in run_nosender("audit", "--help").stdout
    assert "named first" in run_nosender("audit", "attack", "--help").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--conduct", "{}"), "lacks"),
        (("--score", "{}"), "holds neither"),
        (("--output", "nowhere/report.json"), "is no folder"),
    ],
)
def test_wrong_words_are_refused_before_any_work(
    run_nosender: RunNosender, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    (tmp_path / "empty.py").write_text("")
    answer = run_nosender("audit", "attack", *(word.format("empty.py") for word in words))
    assert answer.returncode == 2, answer.stderr
    assert told in answer.stderr


def test_too_few_seconds_are_told(run_nosender: RunNosender) -> None:
    answer = run_nosender("audit", "attack", *SMALL, "--seconds", "1")
    assert answer.returncode == 3
    assert "not one world was done in 1 seconds" in answer.stderr


def test_a_small_world_from_end_to_end(run_nosender: RunNosender, tmp_path: Path) -> None:
    """Of 0.1.0 ids name contacts, of rows that settle they do not; a stranger's score stands in the table."""
    (tmp_path / "mine.py").write_text(
        "from nosender.linkability.score import Score\n"
        "from nosender.linkability.scores.order_excess import SCORES as others\n"
        "SCORE = Score('mine', 'my-own', others[0].function)\n"
    )
    words = (*SMALL, "--score", "mine.py", "--format", "json", "--output", "found.json")
    answer = run_nosender("audit", "attack", *words)
    assert answer.returncode in (1, 3), answer.stderr  # so few people may leave the control undecided
    assert re.search(r"world 1 of 1, seed 3: \d+ s", answer.stderr)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["format"] == "nosender.attack/1"
    assert found["verdict"] in ("fail", "blind", "incomplete")
    head, control = found["layouts"]
    assert (head["role"], control["role"], control["revision"]) == ("head", "control", "0005")
    rows = {row["channel"]: row for row in head["rows"]}
    assert rows["my-own"]["score"] == "mine"
    before = {row["channel"]: row for row in control["rows"]}
    assert before["id"]["success"]["point"] > before["id"]["popular"]["point"]
    assert rows["id"]["success"]["point"] < before["id"]["success"]["point"]
    assert rows["id"]["success"]["point"] <= rows["id"]["success"]["upper"]
    assert "NaN" not in (tmp_path / "found.json").read_text()
