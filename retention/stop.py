"""How a sweep is asked to end: from a signal handler, another thread or a test."""

from __future__ import annotations

from queue import Empty, SimpleQueue


class Stop:
    """A request to end at the next boundary of a batch.

    threading.Event will not do: its set() takes the lock that an interrupted wait() of the same thread may
    hold, and a signal handler runs in that thread, so Ctrl-C at the wrong microsecond would hang for ever.
    SimpleQueue.put() is the one way of waking a thread that Python documents as safe there.
    """

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._asked = False
        self._bell: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        """Whether somebody has asked."""
        return self._asked

    def set(self) -> None:
        """Ask; whoever waits goes on."""
        self._asked = True
        self._bell.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait until somebody asks or the seconds are over; whether somebody has asked."""
        if not self._asked and seconds > 0:
            try:
                self._bell.get(timeout=seconds)
            except Empty:
                return self._asked
            self._bell.put(None)  # for the next who waits
        return self._asked
