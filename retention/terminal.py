"""What a person at a terminal sees and can do while a sweep runs."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

from nosender.retention.session import State
from nosender.retention.stop import Stop


@contextmanager
def interruptible() -> Iterator[Stop]:
    """An event that Ctrl-C and SIGTERM set; the second Ctrl-C interrupts at once."""
    stop = Stop()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {each: signal.signal(each, ask) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class Bar:
    """One line on a terminal's stderr, rewritten a few times a second; nothing where it is no terminal."""

    def __init__(self, expected: int = 0) -> None:
        self.expected = expected
        """How many rows there are to sweep, as far as anybody knows; 0 where that is unknown."""
        self._shown = 0.0
        self._began = time.monotonic()
        self.active = sys.stderr.isatty()

    def show(self, state: State) -> None:
        """Tell how far the sweep is; `state` is the sweep's own."""
        now = time.monotonic()
        if not self.active or now - self._shown < 0.2:
            return
        self._shown = now
        rows = sum(each["deleted"] + each["deactivated"] for each in (state["total"], state))
        rate = rows / max(now - self._began, 0.001)
        tables = state["tables"]
        table = tables[state["at"]] if state["at"] < len(tables) else "done"
        line = f"{table}: {rows:,} rows, {rate:,.0f} a second, batches of {state['size']}"
        if self.expected > rows and rate:
            line += f", {rows * 100 // self.expected} %, {(self.expected - rows) / rate:,.0f} s left"
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()

    def tell(self, sentence: str) -> None:
        """A line that stays."""
        sys.stderr.write(f"{chr(13)}\x1b[K{sentence}\n" if self.active else f"{sentence}\n")
        sys.stderr.flush()

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.active and self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
