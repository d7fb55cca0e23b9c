"""What a person at a terminal sees and can do while a sweep runs."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from nosender.retention.session import State
from nosender.retention.stop import Stop
from nosender.terminal_text import progress_on, terminal, visible

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


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
    """How far the sweep is, with the time left, on a terminal's stderr; nothing where it is no terminal."""

    def __init__(self, expected: int = 0) -> None:
        self.expected = expected
        """How many rows there are to sweep, as far as anybody knows; 0 where that is unknown."""
        self.active = terminal(sys.stderr).live
        self._began = time.monotonic()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def show(self, state: State) -> None:
        """Tell how far the sweep is; `state` is the sweep's own."""
        if self._progress is None or self._task is None:
            return
        rows = sum(each["deleted"] + each["deactivated"] for each in (state["total"], state))
        rate = rows / max(time.monotonic() - self._began, 0.001)
        tables = state["tables"]
        table = tables[state["at"]] if state["at"] < len(tables) else "done"
        self._progress.update(
            self._task,
            description=visible(table),
            completed=rows,
            total=self.expected if self.expected > rows else None,
            words=f"{rows:,} rows, {rate:,.0f} a second, batches of {state['size']}",
        )

    def tell(self, sentence: str) -> None:
        """A line that stays, above the bar where there is one."""
        if self._progress is None:
            print(sentence, file=sys.stderr, flush=True)
            return
        from rich.text import Text

        self._progress.console.print(Text(visible(sentence)))

    def __enter__(self) -> Bar:
        if self.active:
            self._progress = progress_on(sys.stderr)
            self._progress.start()
            self._task = self._progress.add_task("sweeping", total=None, words="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
