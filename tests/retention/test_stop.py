"""Asking a sweep to end."""

from __future__ import annotations

import subprocess
import sys
import threading

from nosender.retention.stop import Stop

# Two thousand signals, each somewhere in the beginning, the middle or the end of a wait. A busy machine takes
# some milliseconds for each, so the limit is only there to end a child that hangs.
SIGNALS = """
import random, signal
from nosender.retention.stop import Stop

stop = None
signal.signal(signal.SIGALRM, lambda *_: stop.set())
for _ in range(2_000):
    stop = Stop()
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 1e-4))
    while not stop.wait(5e-5):
        pass
"""


def test_a_signal_in_the_middle_of_a_wait_never_hangs() -> None:
    subprocess.run([sys.executable, "-c", SIGNALS], check=True, timeout=900)


def test_all_who_wait_go_on() -> None:
    stop = Stop()
    waiting = [threading.Thread(target=stop.wait, args=(60.0,)) for _ in range(3)]
    for thread in waiting:
        thread.start()
    assert not stop.wait(0.0)
    stop.set()
    for thread in waiting:
        thread.join(10)
    assert not any(thread.is_alive() for thread in waiting)
    assert stop.is_set()
    assert stop.wait(60.0)
