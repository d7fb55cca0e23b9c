"""Plants a world in a scratch database: several connections make its calls, under a stepped clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nosender.errors import NosenderError
from nosender.linkability.simulation.world import COPY, COPY_HOUR, ROTATE
from nosender.server.scratch import scratch_database
from nosender.server.target import Target

if TYPE_CHECKING:
    import psycopg

    from nosender.linkability.driver.layout import Layout
    from nosender.linkability.simulation.world import Call, World
    from nosender.server.embedded import EmbeddedServer

MIDNIGHT = datetime(2031, 5, 5, tzinfo=UTC)
"""The first midnight of every world: a Monday, later than any real clock that this will run under."""

SERVER_SETTINGS = {
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
}
"""For the embedded server: nothing here changes the order in which rows are written."""

_NOISE = 1 << 20
_RETRIED = frozenset({"40001", "40P01"})  # serialization, deadlock: an application calls again
_OTHER_CLOCKS = (
    r"\m(current_timestamp|localtimestamp|current_date|current_time|localtime|"
    r"statement_timestamp|transaction_timestamp|timeofday)\M"
)


class TimeIsUpError(Exception):
    """The deadline passed in the middle of a world, which is thrown away."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A world in a database, ready to be copied."""

    conninfo: str
    """Of the scratch database, which lives as long as the context that made it."""
    calls: int
    """How many were made."""
    repeated: int
    """How many were given up by the server, as deadlocks are, and left out."""


@contextmanager
def layout_template(server: EmbeddedServer, layout: Layout) -> Iterator[str]:
    """The name of a database at the layout's revision, with the stepped clock and the driver in it."""
    from nosender.migrations.runner import upgrade

    with scratch_database(server.conninfo()) as conninfo:
        upgrade(Target(conninfo), layout.revision)
        yield make_ready(conninfo, layout)


def make_ready(conninfo: str, layout: Layout) -> str:
    """Put the stepped clock and the driver into a scratch database of the schema; its name."""
    with Target(conninfo).connect("nosender audit attack", autocommit=True) as connection:
        connection.execute((Path(__file__).parent / "clock.sql").read_text(encoding="utf-8"))
        connection.execute(layout.calls.read_text(encoding="utf-8"))
        _refuse_other_clocks(connection)
        return connection.info.dbname


@contextmanager
def planted(
    server: str,
    template: str,
    layout: Layout,
    world: World,
    connections: int,
    deadline: float = float("inf"),
) -> Iterator[Planted]:
    """A scratch database in which a world's calls were made; TimeIsUpError after `deadline` (monotonic).

    `server` is the conninfo of any database beside it.
    """
    with scratch_database(server, template=template) as conninfo:
        with _session(conninfo) as owner:
            _register(owner, world)
            _load(owner, world)
            repeated = _drive(owner, conninfo, layout, world, connections, deadline)
            _require_stepped_clock(owner, world)
        yield Planted(conninfo, len(world.calls), repeated)


def _session(conninfo: str, seconds: float = 0.0) -> psycopg.Connection[Any]:
    return _at(conninfo, seconds).connect("nosender audit attack", autocommit=True)


def _at(conninfo: str, seconds: float) -> Target:
    """The database for sessions whose clock stands so long after the first midnight."""
    from psycopg.conninfo import make_conninfo

    return Target(
        make_conninfo(conninfo, options=f"-c nosender.clock={_clock(seconds)} -c enable_seqscan=off")
    )


def _clock(seconds: float) -> str:
    return (MIDNIGHT + timedelta(seconds=seconds)).isoformat()


def phone(digits: int) -> str:
    """E.164."""
    return f"+{digits}"


def _register(owner: psycopg.Connection[Any], world: World) -> None:
    """Everybody registers before the first midnight ends, in an order that says nothing."""
    society = world.society
    random = np.random.default_rng([world.seed, 1])
    order = random.permutation(world.people)
    devices = np.bincount(society.device_owner, minlength=world.people)
    owner.execute(
        "call driver.register(%s, %s)",
        [[phone(society.phones[person]) for person in order.tolist()], devices[order].tolist()],
    )


def _load(owner: psycopg.Connection[Any], world: World) -> None:
    """Write the calls into the queue, with the ids that the database gave."""
    numbers = dict(owner.execute("select phone_number, id from public.users").fetchall())
    phones = [phone(digits) for digits in world.society.phones.tolist()]
    users = [numbers[each] for each in phones]
    devices_of: dict[int, list[int]] = {}
    for user, device in owner.execute("select user_id, id from public.webauthn_credentials order by id"):
        devices_of.setdefault(user, []).append(device)
    devices = [device for user in users for device in devices_of[user]]  # as the society counts them
    noise = np.random.default_rng([world.seed, 2]).bytes(_NOISE + 4096)
    owner.execute("insert into driver.noise values (%s)", [noise])
    with owner.cursor() as cursor, cursor.copy("copy driver.calls from stdin") as copy:
        for turn, call in enumerate(world.calls, start=1):
            copy.write(_line(turn, call, phones, users, devices, devices_of))
    owner.execute("analyze driver.calls")


def _line(
    turn: int,
    call: Call,
    phones: list[str],
    users: list[int],
    devices: list[int],
    devices_of: dict[int, list[int]],
) -> str:
    nothing = r"\N"
    user = users[call.person] if call.person >= 0 else None
    size = round(call.time) if call.kind in (COPY, COPY_HOUR) else call.size
    return (
        "\t".join(
            [
                f"{turn}\t{_clock(call.time)}\t{call.kind}",
                phones[call.person] if call.person >= 0 else nothing,
                str(devices[call.device]) if call.device >= 0 else nothing,
                str(user) if user is not None else nothing,
                call.token or nothing,
                "{" + ",".join(call.tokens) + "}" if call.tokens else nothing,
                str(size),
                str(call.hours) if call.hours >= 0 else nothing,
                call.replaced or nothing,
                "{" + ",".join(map(str, devices_of[user])) + "}" if call.kind == ROTATE and user else nothing,
            ]
        )
        + "\n"
    )


def _drive(
    owner: psycopg.Connection[Any],
    conninfo: str,
    layout: Layout,
    world: World,
    connections: int,
    deadline: float,
) -> int:
    """From sweep to sweep; returns how many calls the server gave up."""
    times = np.array([call.time for call in world.calls])
    ends = _ends(layout, world.seconds)
    repeated = 0
    done = 0
    crew = [_session(conninfo) for _ in range(connections)]
    try:
        for end in ends:
            last = int(np.searchsorted(times, end))
            owner.execute("select setval('driver.turn', %s, false)", [done + 1])
            repeated += _together(crew, last)
            done = last
            if layout.sweep_minute is not None and end < world.seconds:
                layout.sweep(_at(conninfo, end))
            if time.monotonic() > deadline:
                raise TimeIsUpError
    finally:
        for connection in crew:
            connection.close()
    return repeated


def _ends(layout: Layout, seconds: float) -> list[float]:
    """The moments of the sweeps and the last one, in seconds."""
    if layout.sweep_minute is None:
        return [seconds]
    first = layout.sweep_minute * 60.0
    return [*np.arange(first, seconds, layout.sweep_hours * 3600.0).tolist(), seconds]


def _together(crew: list[psycopg.Connection[Any]], last: int) -> int:
    """Let every connection take calls to the one numbered `last`; the first error of any is raised."""
    import psycopg

    lost = [0] * len(crew)
    failed: list[BaseException] = []

    def work(place: int) -> None:
        while not failed:
            try:
                crew[place].execute("call driver.drive(%s)", [last])
            except psycopg.Error as error:
                if error.sqlstate in _RETRIED:
                    lost[place] += 1
                    continue
                failed.append(error)
            return

    threads = [threading.Thread(target=work, args=[place]) for place in range(len(crew))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        error = failed[0]
        raise NosenderError(
            "a call of the planted traffic was refused, so nothing was measured: "
            f"{type(error).__name__}, SQLSTATE {getattr(error, 'sqlstate', None)}"
        ) from error
    return sum(lost)


def _refuse_other_clocks(connection: psycopg.Connection[Any]) -> None:
    """NosenderError where a function of ours reads a clock that is not stepped."""
    row = connection.execute(
        "select string_agg(proname, ', ' order by proname) from pg_catalog.pg_proc "
        "where pronamespace = 'public'::regnamespace and prosrc ~* %s",
        [_OTHER_CLOCKS],
    ).fetchone()
    if row and row[0]:
        raise NosenderError(f"the clock cannot be stepped for {row[0]}: use now() or clock_timestamp() there")


def _require_stepped_clock(owner: psycopg.Connection[Any], world: World) -> None:
    """NosenderError where stored times are not those of the stepped clock."""
    end = MIDNIGHT + timedelta(seconds=world.seconds)
    row = owner.execute(
        "select count(*), count(*) filter (where created_at not between %s and %s) from public.messages",
        [MIDNIGHT.replace(tzinfo=None), end.replace(tzinfo=None)],
    ).fetchone()
    if row is None or row[1] or (world.calls and not row[0]):
        raise NosenderError("the stepped clock did not reach the stored times, so nothing was measured")
