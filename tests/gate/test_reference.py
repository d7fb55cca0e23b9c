"""The reference pages are what the program says of itself, and the reviewers' queries run as one file."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import psycopg
import pytest

from nosender.cli import root
from nosender.gate.generated import of_program
from nosender.gate.reference import commands_page
from nosender.privacy_audit.check import discover
from nosender.server.binaries import Binaries

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", ["docs/checks.md", "docs/cli.md", "docs/managed.md"])
def test_a_page_is_fresh(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == of_program()[name], "run make generate"


def test_every_check_has_its_section_with_its_examples() -> None:
    page = of_program()["docs/checks.md"]
    for loaded in discover():
        section = page.split(f"\n### {loaded.check.slug}\n")[1].split("\n### ")[0]
        for words in ("**Finds.**", "**Sees.**", "**Remedy.**", "**Evidence for.**"):
            assert section.count(words) == 1, loaded.check.slug
        for name in ("bad.sql", "fix.sql", "good.sql"):
            assert loaded.example(name).rstrip() in section


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def test_every_command_and_option_has_its_line() -> None:
    page = of_program()["docs/cli.md"]
    found = dict(commands(root(), "nosender"))
    assert {"nosender audit attack", "nosender audit run", "nosender gate"} < found.keys()
    for path, command in found.items():
        section = page.split(f"\n## {path}\n")[1].split("\n## ")[0]
        for option in command.params:
            assert isinstance(option, click.Argument) or option.opts[-1] in section, path


def test_hostile_words_end_no_cell() -> None:
    option = click.Option(["--x"], metavar="A|B", help="<b> | \\")
    assert "| `--x A\\|B` | &lt;b> \\| \\\\ |\n" in commands_page(
        click.Command("x", params=[option], help="")
    )


def answers(text: str) -> dict[str, list[str]]:
    """The rows under each heading that psql prints."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("SET"):
            continue
        if line.partition(" ")[2] in {loaded.check.slug for loaded in discover()}:
            rows = found.setdefault(line, [])
        else:
            rows.append(line)
    return found


@pytest.mark.parametrize("pasted", [False, True], ids=["as a file", "pasted"])
def test_the_queries_are_one_file_for_psql(
    migrated: str, run_nosender: RunNosender, binaries: Binaries, tmp_path: Path, *, pasted: bool
) -> None:
    printed = run_nosender("audit", "queries")
    assert (printed.returncode, printed.stderr) == (0, "")
    file = tmp_path / "queries.sql"
    file.write_text(printed.stdout, encoding="utf-8")
    words = [binaries.program("psql"), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", migrated]

    def ask() -> dict[str, list[str]]:
        answer = subprocess.run(
            words if pasted else [*words, "-f", file],
            input=printed.stdout if pasted else None, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (answer.returncode, answer.stderr) == (0, "")
        return answers(answer.stdout)

    clean = ask()
    expected = [f"{loaded.check.claim.value} {loaded.check.slug}" for loaded in discover()]
    assert list(clean) == expected
    assert all(rows == [] for rows in clean.values())
    with psycopg.connect(migrated, autocommit=True) as owner:
        owner.execute("alter table messages add column sender_phone varchar(20)")
    assert ask()["no-sender undeclared-column"] == ["public.messages.sender_phone"]
