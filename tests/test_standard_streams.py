"""What cannot be written changes no verdict: a full disk, a closed stream, a reader that went away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

WORDS = ["audit queries", "gate --list", "catalogue show", "audit list"]


def shell(script: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`$0` is the command line, `$@` the words."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PG", "NOSENDER_"))
    }
    return subprocess.run(
        ["sh", "-c", script.replace("nosender", f"'{sys.executable}' -m nosender"), "sh", *words],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", WORDS)
def test_an_answer_that_is_lost_is_told(words: str, unbuffered: str) -> None:
    full = shell(f"nosender {words} > /dev/full", PYTHONUNBUFFERED=unbuffered)
    told = "nosender: standard output cannot be written: No space left on device\n"
    assert (full.returncode, full.stderr) == (4, told)
    closed = shell(f"nosender {words} >&-", PYTHONUNBUFFERED=unbuffered)
    assert (closed.returncode, closed.stderr) == (
        4,
        "nosender: standard output is closed, and the answer goes there\n",
    )
    left = shell(f"{{ nosender {words}; echo $? >&2; }} | true", PYTHONUNBUFFERED=unbuffered)
    assert left.stderr in ("0\n", "4\n")  # as the reader was slow or quick


@pytest.mark.parametrize("lost", ["2> /dev/full", "2>&-"])
def test_what_is_said_beside_it_may_be_lost(migrated: str, lost: str) -> None:
    with psycopg.connect(migrated, autocommit=True) as admin:
        admin.execute("alter table messages add sender text")
    for words, code in (("audit run", 1), ("db check", 3), ("db current", 0), ("retention sweep", 0)):
        done = shell(f'nosender --url "$1" {words} {lost}', migrated)
        assert (words, done.returncode) == (words, code)
    assert shell(f"nosender audit explain no-such-check {lost}").returncode == 2


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = shell('cd "$1" && rmdir "$1" && nosender gate --list', str(gone))
    assert (done.returncode, done.stderr) == (
        2,
        "nosender: the working folder cannot be looked at: No such file or directory\n",
    )
