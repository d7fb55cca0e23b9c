"""A command that is forked from a warm Python answers as one that starts from nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .warm import warm_python

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks")

PROGRAM = """
import atexit, os, signal, sys
atexit.register(print, "end", os.getcwd(), os.environ.get("MINE"), *sys.argv[1:])
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit(int(sys.argv[1]))
"""


def cold(*words: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "words", [("catalogue", "show", "messages"), ("ünknown",), ("db", "current")], ids=lambda words: words[0]
)
def test_it_answers_as_one_that_starts_from_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    env = os.environ | {"NOSENDER_URL": "postgresql:///x?host=/nowhere", "NO_COLOR": "1"}
    one = warm_python().run("nosender", *words, cwd=tmp_path, env=env)
    other = cold("nosender", *words, cwd=tmp_path, env=env)
    assert (one.returncode, one.stdout, one.stderr) == (other.returncode, other.stdout, other.stderr)


def test_it_is_a_process_of_its_own(tmp_path: Path) -> None:
    """Its folder, environment, end and death; and several may run at once."""
    (tmp_path / "program.py").write_text(PROGRAM)

    def run(word: str) -> tuple[int, str]:
        done = warm_python().run("program", word, cwd=tmp_path, env={"MINE": word})
        return done.returncode, done.stdout

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(run, ["3", "killed", "0", "7"]))
    assert found == [
        (3, f"end {tmp_path} 3 3\n"), (-9, ""), (0, f"end {tmp_path} 0 0\n"), (7, f"end {tmp_path} 7 7\n")
    ]  # fmt: skip


def test_what_a_python_reads_at_its_start_asks_for_another() -> None:
    assert warm_python().suits(os.environ | {"PATH": ""})
    assert not warm_python().suits(os.environ | {"PYTHONPATH": "/elsewhere"})
