"""The whole measurement: worlds, layouts, copies, scores; on an embedded server that ends with it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nosender.errors import IncompleteError
from nosender.linkability import outcome
from nosender.linkability.discovery import discover
from nosender.linkability.driver import drive, take
from nosender.linkability.driver.layout import CONTROL, HEAD, Layout
from nosender.linkability.grading import truth_of
from nosender.linkability.measure import WorldResult, measure
from nosender.linkability.simulation import conduct as conducts
from nosender.linkability.simulation.world import make_world
from nosender.server.embedded import EmbeddedServer

if TYPE_CHECKING:
    from nosender.linkability.outcome import Outcome
    from nosender.linkability.score import Score
    from nosender.linkability.simulation.conduct import Conduct
    from nosender.server.binaries import Binaries


def _silent(_line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is planted, and for how long."""

    users: int = 1000
    rate: float = 40.0
    """Rows of messages a person and day."""
    days: int = 2
    seed: int = 1000
    """Of the first world; the next ones count up. Nothing was tuned on 1000 and above."""
    worlds: int = 5
    seconds: float = float("inf")
    conduct: Path = conducts.DEFAULT
    scores: tuple[Path, ...] = ()
    """Files with more scores."""
    head: Layout = HEAD
    control: Layout = CONTROL
    binaries: Binaries | None = None
    """Of the embedded server; None: the first that is found."""
    say: Callable[[str], None] = _silent


@dataclass(slots=True)
class _Tally:
    """What adds up over worlds."""

    by_layout: dict[str, list[WorldResult]] = field(default_factory=dict)
    seeds: list[int] = field(default_factory=list)
    calls: int = 0
    repeated: int = 0
    cut: list[str] = field(default_factory=list)


def attack(options: Options) -> Outcome:
    """Plant, copy, attack, grade. IncompleteError where not one world was done in the time given."""
    began = time.monotonic()
    conduct = conducts.read(options.conduct)
    scores = discover(options.scores)
    tally = _Tally()
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedServer(options.binaries, settings=drive.SERVER_SETTINGS))
        layouts = _layouts(options)
        templates = {
            layout.name: stack.enter_context(drive.layout_template(server, layout)) for layout in layouts
        }
        for number in range(options.worlds):
            before = time.monotonic()
            deadline = began + options.seconds
            if number and before + (before - began) / number > deadline:
                tally.cut.append(_cut(options, number))
                break
            try:
                _world(options, conduct, scores, server, templates, layouts, number, deadline, tally)
            except drive.TimeIsUpError:
                tally.cut.append(_cut(options, number))
                break
            options.say(
                f"world {number + 1} of {options.worlds}, seed {tally.seeds[-1]}: "
                f"{time.monotonic() - before:.0f} s"
            )
        version = server.binaries.version
    if not tally.seeds:
        raise IncompleteError(
            f"not one world was done in {options.seconds:.0f} seconds: nothing was measured; give it more "
            "--seconds or fewer --users"
        )
    return _outcome(options, tally, layouts, version, time.monotonic() - began)


def _layouts(options: Options) -> list[Layout]:
    """Head first; the control only where it is another revision."""
    from nosender.migrations.revisions import Chain

    chain = Chain.load()
    same = chain.resolve(options.head.revision, None) == chain.resolve(options.control.revision, None)
    return [options.head] if same else [options.head, options.control]


def _cut(options: Options, done: int) -> str:
    return (
        f"{options.worlds - done} of {options.worlds} worlds: {options.seconds:.0f} seconds were not enough"
    )


def _world(
    options: Options,
    conduct: Conduct,
    scores: tuple[Score, ...],
    server: EmbeddedServer,
    templates: dict[str, str],
    layouts: list[Layout],
    number: int,
    deadline: float,
    tally: _Tally,
) -> None:
    """One world under every layout; counted only when all of them are done."""
    seed = options.seed + number
    world = make_world(conduct, options.users, options.rate, options.days, seed)
    done: dict[str, WorldResult] = {}
    for layout in layouts:
        place = drive.planted(
            server.conninfo(), templates[layout.name], layout, world, conduct.drive.connections, deadline
        )
        with place as planted:
            copy = take.take(planted.conninfo, world)
            truth = truth_of(world, copy, *take.true_order(planted.conninfo))
        done[layout.name] = measure(copy, truth, scores, seed)
        tally.calls += planted.calls
        tally.repeated += planted.repeated
    for name, result in done.items():
        tally.by_layout.setdefault(name, []).append(result)
    tally.seeds.append(seed)


def _outcome(options: Options, tally: _Tally, layouts: list[Layout], version: str, seconds: float) -> Outcome:
    one_table = len(layouts) == 1
    head = outcome.pool(options.head.name, options.head.revision, tally.by_layout[options.head.name])
    control = outcome.pool(
        options.control.name,
        options.control.revision,
        tally.by_layout[options.head.name if one_table else options.control.name],
    )
    return outcome.Outcome(
        users=options.users,
        rate=options.rate,
        days=options.days,
        seeds=tuple(tally.seeds),
        asked=options.worlds,
        head=head,
        control=control,
        one_table=one_table,
        blind=outcome.blindness(control, options.users, options.days),
        cut=tuple(tally.cut),
        repeated=tally.repeated,
        calls=tally.calls,
        seconds=seconds,
        server=version,
        conduct=hashlib.sha256(options.conduct.read_bytes()).hexdigest(),
        findings=outcome.findings(head),
    )
