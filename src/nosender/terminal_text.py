"""What a person at a terminal sees: untrusted text made visible, and one look for every command.

Names and comments come from the database that is examined, so whoever may create a table chooses them: they
go through `visible`, and into rich as `Text`, never as a string that it could take for markup. It is imported
where something is laid out, so that `--version` and `--help` do without.
"""

from __future__ import annotations

import io
import os
import textwrap
import threading
import time
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.progress import Progress

# Cc control, Cf invisible format (bidirectional marks, zero width), Cs lone surrogate, Co private use,
# Zl and Zp line and paragraph separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str) -> str:
    r"""`text` with every such character as \xNN, \uNNNN or \UNNNNNNNN, and a backslash as two."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_character, text))


def to_paste(statement: str) -> str:
    r"""The same of a statement or command that is to be pasted: there a backslash stands as it is."""
    return "\\".join(map(visible, statement.split("\\")))


def _character(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if unicodedata.category(character) not in _HIDDEN:
        return character
    point = ord(character)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a stream can show."""

    width: int = 80
    colour: bool = False
    live: bool = False
    """A line may be written over: there can be a bar."""


PIPE = Terminal()
"""Anything but a terminal: no colour, no bar, and always the same width."""

STYLES = {
    "pass": "green",
    "fail": "red",
    "incomplete": "yellow",
    "error": "red",
    "not-tested": "yellow",
    "waived": "magenta",
}
"""The colour of each verdict and outcome; the word always stands beside it."""


def terminal(stream: IO[str]) -> Terminal:
    """What this stream can show, as it and the environment say (TERM, NO_COLOR, COLUMNS)."""
    if not stream.isatty():
        return PIPE
    dumb = os.environ.get("TERM", "") in ("dumb", "unknown")
    columns = os.environ.get("COLUMNS", "")
    try:
        width = int(columns) if columns.isdecimal() else os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        width = 0
    # Lines longer than a hundred are read badly, and some terminals say that they have none.
    width = max(20, min(width or PIPE.width, 100))
    return Terminal(width, colour=not dumb and not os.environ.get("NO_COLOR"), live=not dumb)


def fitted(text: str, shown_on: Terminal, hanging: str = "  ") -> str:
    """Sentences of ours, each line broken between words where a terminal ends; in a pipe as they are."""
    if shown_on is PIPE:
        return text
    return "\n".join(_broken(line, shown_on.width, hanging) for line in text.split("\n"))


def _broken(line: str, width: int, hanging: str) -> str:
    if len(line) <= width:
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    further = f"{indent}{hanging}"
    return textwrap.fill(
        line.strip(), width, initial_indent=indent, subsequent_indent=further,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def rendered(*parts: RenderableType, shown_on: Terminal = PIPE) -> str:
    """The parts one below another, as text that ends in a line break; no line ends in blanks."""
    file = io.StringIO()
    console = console_on(file, shown_on)
    for part in parts:
        console.print(part)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().split("\n")[:-1])


def console_on(stream: IO[str], shown_on: Terminal) -> Console:
    """rich's console as we use it: nothing is taken for markup, and the environment is asked by us alone."""
    from rich.console import Console

    return Console(
        file=stream,
        width=shown_on.width,
        color_system="standard" if shown_on.colour else None,
        no_color=not shown_on.colour,
        force_terminal=shown_on.live,
        force_interactive=shown_on.live,
        force_jupyter=False,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )


def progress_on(stream: IO[str]) -> Progress:
    """A bar with the time left, for the length of a `with`; it shows nothing on what is no terminal.

    Its tasks have a field `words`, which stands behind the bar.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    shown_on = terminal(stream)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=max(5, shown_on.width // 5), style="dim", complete_style="green"),
        TextColumn("{task.percentage:>3.0f} %", markup=False),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}", markup=False),
        console=console_on(stream, shown_on),
        refresh_per_second=5,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        disable=not shown_on.live,
    )


@contextmanager
def waiting(words: str, stream: IO[str], after: float = 2.0) -> Iterator[None]:
    """A line on a terminal that says what takes so long, and for how long it has; gone when it is done."""
    shown_on = terminal(stream)
    if not shown_on.live:
        yield
        return
    done, told = threading.Event(), threading.Event()

    def tell() -> None:
        began, pause = time.monotonic(), after
        while not done.wait(pause):
            pause = 1.0
            told.set()
            line = f"{words}, {time.monotonic() - began:.0f} s"
            stream.write(f"\r{line[: shown_on.width - 1]}")
            stream.flush()

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        if told.is_set():
            stream.write(f"\r{' ' * (shown_on.width - 1)}\r")
            stream.flush()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text that is wrapped to the width, indented as its first and its further lines are to be."""

    text: str
    indent: str = ""
    further: str | None = None
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines, each of them short enough: rich counts the cells of wide characters too."""
        from rich.text import Text

        further = self.indent if self.further is None else self.further
        width = options.max_width - max(len(self.indent), len(further))
        indent = self.indent
        for line in Text(self.text, self.style).wrap(console, max(1, width), overflow="fold") or [Text()]:
            line.rstrip()
            yield Text(indent).append_text(line)
            indent = further
