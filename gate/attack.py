"""The step that attacks a copy of what the change makes: planted people, and the order of their rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from nosender.errors import NosenderError
from nosender.gate.change_lines import first_change
from nosender.gate.step import CannotLook, Problem
from nosender.gate.workplace import DDL, Workplace

if TYPE_CHECKING:
    from nosender.linkability.measure import WorldResult

REVEALING = (
    *("121_new_message_id", "131_new_session_key_id", "141_new_delivery_id", "151_new_ephemeral_key_id"),
    *("390_rotate_session_key", "410_publish_ephemeral_key", "420_claim_ephemeral_key", "430_send_message"),
    *("440_send_messages", "450_fetch_messages", "460_acknowledge"),
    *("505_retention_knobs", "550_retention_step", "554_retention_settle_rules"),
    *("555_retention_settle_targets", "556_retention_settle_batch", "557_retention_settle"),
    *("570_retention_sweep",),
)
"""What draws ids, what writes and touches rows of two people, and what settles them."""
ROOMS = (PurePosixPath("retention"), PurePosixPath("linkability"))

PEOPLE, RATE, HOURS, SEED = 60, 20.0, 3, 1
"""A thousand messages and their receipts, swept every three hours: seconds. So few people tell an order from
none beyond doubt, and not three hundredths of success from two: that is for `nosender audit attack`. What is
held to chance shares a level of one in a thousand: so rarely a change that reveals nothing fails.
"""


def names_nobody(workplace: Workplace) -> Iterator[Problem]:
    """Rows settle, and settled ones keep no order and name nobody who locked them."""
    paths = [path for path in workplace.changed if _reveals(path)]
    if not paths:
        return
    try:
        import numpy  # noqa: F401  # an extra, so that it may be missing
    except ImportError:
        raise CannotLook("numpy is missing: pip install 'nosender[attack]'") from None
    for name, sentence in _kept(_measured(workplace)):
        yield Problem(name, sentence, paths[0], first_change(workplace, paths[0]), "channel")


def _reveals(path: PurePosixPath) -> bool:
    return (path.parent == DDL and path.stem in REVEALING) or any(path.is_relative_to(room) for room in ROOMS)


def _measured(workplace: Workplace) -> WorldResult:
    """A small world through the change's own functions, copied and measured."""
    import psycopg

    from nosender.linkability.driver import drive, take
    from nosender.linkability.driver.layout import HEAD
    from nosender.linkability.grading import truth_of
    from nosender.linkability.measure import measure
    from nosender.linkability.simulation import conduct as conducts
    from nosender.linkability.simulation.world import make_world

    rules = conducts.read()
    rules = dataclasses.replace(rules, drive=dataclasses.replace(rules.drive, copy_seconds=0))
    world = make_world(rules, PEOPLE, RATE, 1, SEED)
    layout = dataclasses.replace(HEAD, sweep_hours=HOURS)
    try:
        template = drive.make_ready(workplace.database(workplace.migrated).conninfo, layout)
        with drive.planted(workplace.server, template, layout, world, rules.drive.connections) as planted:
            copy = take.take(planted.conninfo, world)
            truth = truth_of(world, copy, *take.true_order(planted.conninfo))
    except psycopg.errors.InsufficientPrivilege:
        raise CannotLook("only a superuser of the scratch server can step its clock") from None
    except NosenderError as error:
        raise CannotLook(f"the planted traffic did not end: {error}") from None
    return measure(copy, truth, (), SEED)


def _kept(found: WorldResult) -> Iterator[tuple[str, str]]:
    """What the rows of a world show, and the sentence about it."""
    from nosender.linkability.outcome import pool

    layout = pool("head", "head", [found])
    if not any(order.settled_rows for order in layout.orders):
        yield "settling", "No row of a day was settled by its sweeps: all keep the order in which they came."
    for order in layout.orders:
        if order.is_kept:
            yield order.column, f"{order.column} keeps the order in which rows came: {order.told}."
    if layout.old_locks:
        yield (
            "old-lock",
            f"{layout.old_locks} rows of people and devices name a locker from before the last settle.",
        )
