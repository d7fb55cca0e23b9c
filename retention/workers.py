"""Several sessions on one table: each takes a part of it, sweeps that to its end, and takes the next.

The parts are cut as they are asked for, at so many rows by expiry and id (or so many blocks, where the table
is walked by place), so nobody waits for the slowest. What a worker has deleted counts if and only if it was
committed: when its connection breaks, whoever takes over its part waits for the lock of that part, which the
server gives back only after the broken session's last transaction is decided, and asks what became of it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from nosender.errors import NosenderError
from nosender.retention.session import COUNTS, NOTHING, Progress, State, call, step
from nosender.retention.stop import Stop

if TYPE_CHECKING:
    from nosender.server.target import Target

_PART = "select {}.retention_part(%s, %s::bigint)"
_BATCHES = 4  # of the largest size make a part: short enough to share the end of a table evenly


@dataclass(frozen=True, slots=True)
class _Part:
    """A part that is under way, or was when its worker's connection broke."""

    begin: State
    """Where it begins, and where it ends."""
    at: State
    """How far it has come, for certain."""
    then: State | None = None
    """And perhaps, if the last transaction was committed."""


@dataclass(slots=True)
class _Shared:
    """What the workers of one table have in common; touched under `lock` only."""

    schema: str
    state: State
    progress: Progress | None
    stop: Stop
    lock: threading.Condition = field(default_factory=threading.Condition)
    open: list[_Part] = field(default_factory=list)
    """Parts that somebody has to take over."""
    under_way: int = 0
    given: bool = False
    """Every part has been handed out."""
    failure: BaseException | None = None
    lost: int = 0
    """How many workers ended before their time."""

    @property
    def over(self) -> bool:
        return self.stop.is_set() or self.failure is not None

    def count(self, before: State, after: State) -> None:
        """Add what a committed batch has done."""
        with self.lock:
            for name in COUNTS:
                self.state[name] += after[name] - before[name]
            self.state["left"] = self.state["left"] or after["left"]
            self.state |= {"size": after["size"], "affected": after["affected"]}
            if self.progress is not None:
                self.progress(self.state.copy())


def share(
    target: Target,
    connection: psycopg.Connection,
    state: State,
    workers: int,
    *,
    progress: Progress | None,
    stop: Stop,
) -> int:
    """Sweep the rest of the pass that `state` is in, with so many sessions beside `connection`.

    Moves `state` to the end of the pass and adds to it what all of them did, batch by batch; returns how many
    workers broke. A part that nobody is left to finish is finished here, on `connection`. An error that is no
    broken connection ends them all and is raised.
    """
    shared = _Shared(target.schema, state, progress, stop)
    threads = [
        threading.Thread(target=_worker, args=(target, shared, workers), name=f"sweep-{number}")
        for number in range(workers)
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException as error:
        shared.failure = error
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        raise
    if not shared.over:
        _work(connection, shared, 1)
    if shared.failure is not None:
        raise shared.failure
    if not shared.over:
        # Whoever goes on from here finds nothing more in this pass, and enters the next.
        state |= {"time": state["cutoff"], "id": 2**63 - 1, "place": "(4294967294,0)"}
    return shared.lost


def _worker(target: Target, shared: _Shared, workers: int) -> None:
    """A thread: a session of its own, until there is nothing left to take."""

    try:
        with target.connect("nosender retention worker") as connection:
            try:
                _work(connection, shared, workers)
            except psycopg.OperationalError:
                if not connection.closed:
                    raise
                shared.lost += 1
    except NosenderError:  # no connection to be had: the others do it
        shared.lost += 1
    except BaseException as error:  # whatever it is, the sweep has to end and to say so
        with shared.lock:
            shared.failure = shared.failure or error
            shared.lock.notify_all()


def _work(connection: psycopg.Connection, shared: _Shared, workers: int) -> None:
    """Take part after part, each to its end."""
    while (part := _take(connection, shared, workers)) is not None:
        at, then = part.at, None
        try:
            while at["pass"] == part.begin["pass"]:
                if shared.stop.wait(float(at["pause_ms"]) / 1000) or shared.over:
                    break
                then = step(connection, shared.schema, at)
                connection.commit()
                shared.count(at, then)
                at, then = then, None
            connection.execute(
                "select pg_catalog.pg_advisory_unlock(pg_catalog.hashtext('nosender.retention.part'), %s)",
                [part.begin["part"]],
            )
            connection.commit()
        finally:
            with shared.lock:
                shared.under_way -= 1
                if connection.closed:
                    shared.open.append(_Part(part.begin, at, then))
                shared.lock.notify_all()


def _take(connection: psycopg.Connection, shared: _Shared, workers: int) -> _Part | None:
    """The next part, locked by this session; None when there is none and none can come back."""
    with shared.lock:
        while not shared.open and shared.given and shared.under_way and not shared.over:
            shared.lock.wait()
        if shared.over or (shared.given and not shared.open):
            return None
        if not shared.open:
            return _cut(connection, shared, workers)
        broken = shared.open[-1]
        # Waits until the broken session is gone, so that its last transaction is decided.
        call(connection, shared.schema, _PART, broken.begin, 1)
        committed = broken.then is not None and _was_committed(connection, broken.then)
        connection.commit()
        shared.open.pop()
        shared.under_way += 1
    if committed and broken.then is not None:
        shared.count(broken.at, broken.then)
        return _Part(broken.begin, broken.then)
    return _Part(broken.begin, broken.at)


def _cut(connection: psycopg.Connection, shared: _Shared, workers: int) -> _Part:
    state = shared.state
    begin: State = {**state, **NOTHING, "left": False, "skip": False, "pause_ms": 0}
    if state["rate"] is not None:
        begin["rate"] = max(1, state["rate"] // workers)
    begin = call(connection, shared.schema, _PART, begin, _BATCHES * state["most"])
    connection.commit()
    shared.given = not {"until_time", "until_place"} & begin.keys()  # the last part has no end
    if "until_time" in begin:
        state |= {"time": begin["until_time"], "id": begin["until_id"]}
    if "until_place" in begin:
        state["place"] = begin["until_place"]
    shared.under_way += 1
    return _Part(begin, begin)


def _was_committed(connection: psycopg.Connection, after: State) -> bool:
    row = connection.execute("select pg_catalog.pg_xact_status(%s::xid8)", [after["transaction"]]).fetchone()
    return row is not None and row[0] == "committed"
