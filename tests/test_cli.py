"""The door: what the command line promises whatever room a command is in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import click
import pytest

from nosender import __version__
from nosender.cli import root
from nosender.errors import did_you_mean

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]


def imports_of(*words: str) -> tuple[str, set[str]]:
    """What a command prints, and every module that it loads to do so."""
    command = [sys.executable, "-X", "importtime", "-m", "nosender", *words]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return answer.stdout, {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}


def test_version_imports_nothing_that_costs() -> None:
    printed, imported = imports_of("--version")
    assert printed == f"nosender {__version__}\n"
    assert not imported & {"click", "psycopg", "sqlalchemy", "alembic", "argparse", "dataclasses"}


def commands(context: click.Context) -> Iterator[click.Context]:
    """A command and all below it."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            below = context.command.get_command(context, name)
            assert below is not None
            yield from commands(click.Context(below, info_name=name, parent=context))


def test_every_help_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    found = list(commands(click.Context(root(), info_name="nosender")))
    assert len(found) > 40
    lines = [line for each in found for line in each.get_help().splitlines()]
    assert [line for line in lines if len(line) > 60] == []


@pytest.mark.parametrize("group", [[], ["db"], ["audit"], ["retention"], ["catalogue"], ["traffic"]])
def test_help_imports_no_driver(group: list[str]) -> None:
    printed, imported = imports_of(*group, "--help")
    assert printed.startswith("Usage: nosender")
    assert not imported & {"psycopg", "sqlalchemy", "alembic", "faker", "cryptography", "rich"}


def test_without_a_database_the_command_says_so(run_nosender: RunNosender) -> None:
    answer = run_nosender("db", "current")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("nosender: no database is named: give --url")
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("url", "code"),
    [("postgresql://app:secret@[::1/mail", 2), ("postgresql://app:secret@127.0.0.1:1/mail", 4)],
)
def test_a_bad_url_ends_in_one_sentence_without_password(
    run_nosender: RunNosender, url: str, code: int
) -> None:
    answer = run_nosender("--url", url, "db", "current")
    assert (answer.returncode, answer.stdout) == (code, "")
    assert len(answer.stderr.splitlines()) == 1
    assert "secret" not in answer.stderr


@pytest.mark.parametrize(
    "words", [["nonsense"], ["--nonsense"], ["db", "nonsense"], ["db", "current", "--nonsense"]]
)
def test_a_wrong_word_is_wrong_usage(run_nosender: RunNosender, words: list[str]) -> None:
    answer = run_nosender(*words)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "nonsense" in answer.stderr


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["adit", "run"], "'audit'"),
        (["audit", "rum"], "'run'"),
        (["audit", "explain", "undeclared-colum"], "'undeclared-column'"),
        (["audit", "selftest", "--check", "fine-times"], "'fine-time'"),
        (["catalogue", "show", "mesages"], "'messages'"),
        (["audit", "run", "--format", "jsn"], "'json'"),
        (["audit", "run", "--fail-on=hihg"], "'high'"),
        (["platform", "setup", "rsd"], "'rds'"),
    ],
)
def test_a_word_nearly_right_is_answered_with_the_right_one(
    run_nosender: RunNosender, words: list[str], meant: str
) -> None:
    answer = run_nosender(*words)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "Did you mean" in answer.stderr
    assert meant in answer.stderr.partition("Did you mean")[2]


def test_a_word_like_no_other_is_answered_without_a_guess() -> None:
    assert did_you_mean("xyzzy", ["audit", "db"]) == ""
    assert did_you_mean("audi", ["audit", "db"]) == " Did you mean 'audit'?"


def test_url_and_embedded_exclude_each_other(run_nosender: RunNosender) -> None:
    answer = run_nosender("--url", "postgresql:///x", "--embedded", "db", "current")
    assert answer.returncode == 2
    assert "--embedded" in answer.stderr
