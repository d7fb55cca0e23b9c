"""`nosender demo`: where it goes, what it leaves, and that it does not claim what did not happen."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]
SMALL = ("--users", "5", "--messages", "40")


def test_it_leaves_a_report_and_nothing_else(run_nosender: RunNosender, tmp_path: Path) -> None:
    answer = run_nosender("demo", *SMALL)
    assert answer.returncode == 0, answer.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["nosender-report.html"]
    assert answer.stdout.splitlines()[-1].strip() == "nosender-report.html"
    assert "The audit passed" in (tmp_path / "nosender-report.html").read_text(encoding="utf-8")


def test_the_report_goes_where_it_is_told(run_nosender: RunNosender, tmp_path: Path) -> None:
    answer = run_nosender("demo", *SMALL, "--output", "told.html")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "told.html").exists()


def test_a_database_that_is_named_is_used(run_nosender: RunNosender, database: str) -> None:
    answer = run_nosender("--url", database, "demo", *SMALL)
    assert answer.returncode == 0, answer.stderr
    with psycopg.connect(database) as connection:
        row = connection.execute("select count(sender_phone), count(*) from messages").fetchone()
    assert row is not None
    assert row[0] == 0
    assert row[1] > 0


def test_a_database_that_holds_something_is_refused(run_nosender: RunNosender, migrated: str) -> None:
    answer = run_nosender("--url", migrated, "demo", *SMALL)
    assert answer.returncode == 2
    assert "is not empty: the demo plants a sender column" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    with psycopg.connect(migrated) as connection:
        row = connection.execute("select count(*) from users").fetchone()
    assert row == (0,)


@pytest.mark.parametrize("words", [["--users", "0"], ["--messages", "x"]])
def test_wrong_numbers_are_wrong_usage(run_nosender: RunNosender, words: list[str]) -> None:
    answer = run_nosender("demo", *words)
    assert (answer.returncode, answer.stdout) == (2, "")
