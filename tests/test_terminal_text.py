"""One look: what a stream can show, what is taken for markup, and what costs nothing until it is needed."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from rich.text import Text

from nosender.retention.status import Holder, Overdue, Run, Status
from nosender.retention.status_text import status_text
from nosender.terminal_text import (
    PIPE,
    Paragraph,
    Terminal,
    console_on,
    fitted,
    progress_on,
    rendered,
    terminal,
    waiting,
)

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]

MARKUP = "[bold red]x[/] :skull: [link=https://example.org]y[/link] [/nothing] \\[ {0}"


class Tty(io.StringIO):
    """A stream that says that it is a terminal, of no size that could be asked for."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "COLORTERM", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Terminal(80, colour=True, live=True)),
        ({"COLUMNS": "60"}, Terminal(60, colour=True, live=True)),
        ({"COLUMNS": "0"}, Terminal(80, colour=True, live=True)),
        ({"COLUMNS": "5"}, Terminal(20, colour=True, live=True)),
        ({"COLUMNS": "400"}, Terminal(100, colour=True, live=True)),
        ({"COLUMNS": "wide"}, Terminal(80, colour=True, live=True)),
        ({"NO_COLOR": "1"}, Terminal(80, colour=False, live=True)),
        ({"NO_COLOR": ""}, Terminal(80, colour=True, live=True)),
        ({"TERM": "dumb"}, Terminal(80, colour=False, live=False)),
    ],
)
def test_a_terminal_is_what_it_and_the_environment_say(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: Terminal
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert terminal(Tty()) == expected


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"])
def test_a_pipe_stays_a_pipe(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    assert terminal(io.StringIO()) == PIPE
    text = rendered(Paragraph("word " * 40, style="red"))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) in range(70, 81)


def test_no_color_leaves_no_escape_at_all() -> None:
    assert "\x1b" not in rendered(Paragraph("x", style="bold red"), shown_on=Terminal(80, live=True))


@pytest.mark.parametrize("text", [MARKUP, "[", "[/]", "[@click=x]y"])
def test_nothing_is_taken_for_markup(text: str) -> None:
    assert rendered(Paragraph(text)) == f"{text}\n"
    stream = io.StringIO()
    console_on(stream, PIPE).print(text)
    assert stream.getvalue() == f"{text}\n"


def test_wide_characters_take_two_cells_and_a_long_word_is_folded() -> None:
    for text in ("表" * 200, "x" * 200):
        lines = rendered(Paragraph(text, "  ", "    "), shown_on=Terminal(40)).splitlines()
        assert "".join(line.strip() for line in lines) == text
        assert all(Text(line).cell_len <= 40 for line in lines)


def test_a_bar_is_for_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, dumb, shown in ((Tty(), False, True), (Tty(), True, False), (io.StringIO(), False, False)):
        monkeypatch.setenv("TERM", "dumb" if dumb else "xterm")
        with progress_on(stream) as progress:
            task = progress.add_task("[b]x[/b]", total=10, words="[i] {0}")
            progress.advance(task, 5)
            progress.refresh()
        assert ("50 %" in stream.getvalue()) is shown
        assert not shown or ("[b]x[/b]" in stream.getvalue() and "[i] {0}" in stream.getvalue())


class Screen(io.StringIO):
    """A terminal that says when something was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written.set()
        return super().write(text)


def test_what_takes_long_is_told_on_a_terminal_and_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    with waiting("looking at everything there is", screen, after=0.0):
        assert screen.written.wait(60)
    shown = screen.getvalue().split("\r")
    assert shown[1] == "looking at everything there i"
    assert (shown[-2], shown[-1]) == (" " * 29, "")


def test_what_is_quick_or_no_terminal_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen, pipe = Screen(), io.StringIO()
    with waiting("looking", screen, after=3600.0):
        pass
    with waiting("looking", pipe, after=0.0):
        pass
    monkeypatch.setenv("TERM", "dumb")
    with waiting("looking", screen, after=0.0):
        pass
    assert screen.getvalue() + pipe.getvalue() == ""


def test_sentences_are_broken_where_a_terminal_ends_and_not_in_a_pipe() -> None:
    text = "one two three four\n  five six seven eight nine ten\n" + "x" * 30
    assert fitted(text, PIPE) == text
    assert fitted(text, Terminal(20)).split("\n") == [
        "one two three four",
        "  five six seven",
        "    eight nine ten",
        "x" * 30,
    ]


def test_hostile_names_of_sessions_and_tables_are_shown_as_they_are() -> None:
    status = Status(
        database="chat",
        schema="public",
        overdue=(
            Overdue(MARKUP, 1, False, 1, None, 0.0, None),
            Overdue("a\x1b[2J", 0, False, 0, None, 0.0, 0),
        ),
        runs=(Run("r", "done", None, "2026-01-01T00:00:00Z", 1.0, 2.0, 1, 2, 3, 4),),
        last_done=None,
        holders=(Holder("session", f"{MARKUP}\n\x1b]0;owned\x07", 3, None),),
        holders_complete=False,
        ledger_length=1,
        knobs={"settle": "\x1b[2J"},
    )
    for width in (60, 80):
        text = status_text(status, Terminal(width))
        assert "\x1b" not in text
        assert "\x07" not in text
        assert max(map(len, text.splitlines())) <= width
    text = status_text(status, Terminal(200))
    assert text.count(MARKUP.replace("\\", "\\\\")) == 2
    assert "\\x0a\\x1b]0;owned\\x07" in text


def test_version_and_help_do_without_what_lays_out() -> None:
    code = (
        "import sys; sys.argv = ['nosender', {!r}]\n"
        "from nosender.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {{'rich', 'jinja2', 'prometheus_client', 'tenacity'}}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    for option in ("--version", "--help"):
        answer = subprocess.run(
            [sys.executable, "-c", code.format(option)], capture_output=True, text=True, check=True
        )
        assert answer.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_real_terminal_gets_colours_and_keeps_its_width(
    environment: dict[str, str], coloured: bool
) -> None:
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    code = (
        "import sys; from nosender.terminal_text import *\n"
        "sys.stdout.write(rendered(Paragraph('word ' * 40, style='red'), shown_on=terminal(sys.stdout)))"
    )
    variables = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    subprocess.run(
        [sys.executable, "-c", code],
        stdout=theirs,
        check=True,
        env={**variables, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert ("\x1b[31m" in shown) is coloured
    lines = shown.replace("\x1b[31m", "").replace("\x1b[0m", "").splitlines()
    assert max(map(len, lines)) in range(50, 61)
