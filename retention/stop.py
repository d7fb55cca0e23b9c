"""How a sweep is asked to end: from a signal handler, another thread or a test."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock


class Stop:
    """A request to end at the next boundary of a batch.

    threading.Event will not do: its set() takes the lock that an interrupted wait() of the same thread may
    hold, and a signal handler runs in that thread, so Ctrl-C at the wrong microsecond would hang for ever.
    Nor will SimpleQueue: Python 3.11's get() waits for ever where its time runs out between two looks.
    Releasing a bare lock takes nothing, and whoever waits for one comes back from a signal to look again.
    """

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._asked = False
        self._door = Lock()  # shut until somebody asks
        self._door.acquire()

    def is_set(self) -> bool:
        """Whether somebody has asked."""
        return self._asked

    def set(self) -> None:
        """Ask; whoever waits goes on."""
        self._asked = True
        self._open()

    def wait(self, seconds: float) -> bool:
        """Wait until somebody asks or the seconds are over; whether somebody has asked."""
        if not self._asked and seconds > 0 and self._door.acquire(timeout=seconds):
            self._open()  # for the next who waits
        return self._asked

    def _open(self) -> None:
        with suppress(RuntimeError):  # it stood open
            self._door.release()
