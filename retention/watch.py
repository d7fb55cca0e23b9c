"""Sweep for ever at an interval, and say how it goes: to systemd, to Prometheus, to a person."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nosender.errors import NosenderError, UsageError
from nosender.files import write_whole
from nosender.retention import prometheus
from nosender.retention.every_node.status import read_status
from nosender.retention.session import Progress, State
from nosender.retention.stop import Stop
from nosender.retention.sweep import GENTLE, Pace, SweepReceipt, sweep

if TYPE_CHECKING:
    from nosender.project import Project
    from nosender.server.target import Target

_WAKE = 1.0  # seconds between looks at the event while waiting, and the shortest time between two pings


@dataclass(frozen=True, slots=True)
class Watch:
    """How to watch."""

    interval: float
    """Seconds from the start of one sweep to the start of the next; a longer sweep delays it."""
    jitter: float = 0.1
    """Up to this share of the interval is added or taken at random: many machines do not sweep at once."""
    pace: Pace = GENTLE
    canary: bool = True
    textfile: Path | None = None
    """Where the metrics go after each sweep."""
    sweeps: int | None = None
    """End after so many."""
    project: Project | None = None
    """Whose own tables are swept too."""
    nodes: Mapping[str, Target] | None = None
    """Connections to the other nodes of a distributed database, by their numbers."""


Tell = Callable[[str], None]


def watch(
    target: Target,
    how: Watch,
    *,
    stop: Stop,
    tell: Tell,
    progress: Progress | None = None,
    chance: Callable[[], float] = random.random,
) -> int:
    """Sweep until `stop` is set; returns how many of the last sweeps in a row have failed.

    A sweep that fails is told and tried again at the next interval: the database may be restarting. `tell`
    gets one sentence a sweep. Under systemd, READY, STATUS and WATCHDOG are sent; the last only while batches
    end and while waiting, so that a sweep that hangs gets restarted.
    """
    failed = 0
    done = 0
    notify("READY=1")
    while not stop.is_set():
        began = time.monotonic()
        try:
            receipt = sweep(
                target,
                pace=how.pace,
                canary=how.canary,
                progress=_pinging(progress),
                stop=stop,
                project=how.project,
                nodes=how.nodes,
            )
        except UsageError:
            raise  # the next interval will not change that
        except NosenderError as error:
            failed += 1
            sentence = f"sweep failed, {failed} in a row: {error}"
        else:
            failed = 0 if receipt.status == "done" else failed + 1
            sentence = _sentence(receipt)
        tell(sentence)
        notify(f"STATUS={sentence}")
        if how.textfile is not None:
            _export(target, how, how.textfile, tell)
        done += 1
        if how.sweeps is not None and done >= how.sweeps:
            break
        pause = how.interval * (1 + how.jitter * (2 * chance() - 1)) - (time.monotonic() - began)
        _wait(stop, pause)
    notify("STOPPING=1")
    return failed


def _sentence(receipt: SweepReceipt) -> str:
    words = (
        f"{receipt.status}: {receipt.deleted} deleted, {receipt.children} with them, "
        f"{receipt.deactivated} marked inactive; {receipt.settled} settled; receipt {receipt.ledger_id}"
    )
    return "; ".join([words, *receipt.warnings])


def _export(target: Target, how: Watch, path: Path, tell: Tell) -> None:
    try:
        status = read_status(target, how.nodes, settles=False)
        write_whole(path, prometheus.render(status, time.time()), mode=0o644)
    except NosenderError as error:
        tell(f"no metrics: {error}")


def _wait(stop: Stop, seconds: float) -> None:
    """Until the time is over or the event is set; tells systemd meanwhile that all is well."""
    end = time.monotonic() + seconds
    notify("WATCHDOG=1")
    while (left := end - time.monotonic()) > 0 and not stop.wait(min(left, _WAKE)):
        notify("WATCHDOG=1")


def _pinging(progress: Progress | None) -> Progress:
    last = 0.0

    def ping(state: State) -> None:
        nonlocal last
        if time.monotonic() - last > _WAKE:
            last = time.monotonic()
            notify("WATCHDOG=1")
        if progress is not None:
            progress(state)

    return ping


def notify(message: str) -> None:
    """Tell systemd, where it started us and wants to know; a lost message is no failure."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(message.encode(), address)
