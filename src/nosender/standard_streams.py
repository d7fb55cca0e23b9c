"""Standard output and error that may be closed, or stand on a full disk, and change no verdict by that."""

from __future__ import annotations

import os
import sys

from nosender.errors import NosenderError

TYPE_CHECKING = False  # importing typing would cost more than --version does
if TYPE_CHECKING:
    from typing import Any, TextIO


class Answer:
    """Standard output: where the answer cannot be written, that is said, once, and nothing more is tried."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._lost = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As of a file; NosenderError where nothing can be written."""
        if self._stream is None:
            raise NosenderError("standard output is closed, and the answer goes there")
        # click looks what kind of stream it is by writing nothing
        return 0 if text == "" else self._tried(self._stream.write, text) or 0

    def flush(self) -> None:
        """As of a file; also what Python calls as it ends."""
        if self._stream is not None:
            self._tried(self._stream.flush)

    def isatty(self) -> bool:
        """Whether a person looks at it."""
        return self._stream is not None and self._stream.isatty()

    def _tried(self, act: Any, *given: str) -> Any:
        if self._lost:
            return None
        try:
            return act(*given)
        except BrokenPipeError:  # whoever reads has seen enough; click would end with 1, which means findings
            self._lost = True
            raise SystemExit(4) from None
        except OSError as error:
            self._lost = True
            raise NosenderError(f"standard output cannot be written: {error.strerror}") from None


class Aside:
    """Standard error: what is said there beside the answer is lost where it cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As of a file."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """As of a file; also what Python calls as it ends."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return


def guard() -> None:
    """Put both in the places of Python's own."""
    streams: Any = sys
    streams.stdout = Answer(sys.stdout)
    streams.stderr = Aside(sys.stderr or open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 (pathlib is slow to import)
