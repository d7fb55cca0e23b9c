"""What was measured, pooled and held against what is declared. The reports render this and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from nosender.linkability.bounds import LEVEL, Excess, Share, deviations, excess, share
from nosender.linkability.channel import CHANNELS, Channel, channel_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nosender.linkability.arrays import Floats, Ints
    from nosender.linkability.measure import Part, Sample, WorldResult

Standing = Literal["within", "above", "open", "told"]
"""Within the declared bound, above it, not decided by so few, or without a bound."""

ENOUGH_NEVER_BACK = 500
FULL_PEOPLE, FULL_DAYS = 1000, 2
"""From this size on the floors of the channels hold for the control; below, it must beat popularity."""

DRAWN = ("messages.id", "deliveries.id")
"""Columns whose values are drawn at random."""

HEARD = (0, 10, 20, 50, 100, 200, 500)
"""Lower ends of the classes of people by messages that they got: the picture's axis."""


@dataclass(frozen=True, slots=True)
class Point:
    """Success of the people who got a number of messages in one class."""

    messages: float
    """Their median."""
    people: int
    success: float
    popular: float
    control: float


@dataclass(frozen=True, slots=True)
class Bound:
    """What is declared of one channel over some of the rows, and whether it holds."""

    of: Literal["settled", "all"]
    margin: float
    excess: Excess
    standing: Standing


@dataclass(frozen=True, slots=True)
class Row:
    """One channel of one layout: the better score, and what stands beside it."""

    channel: Channel
    score: str
    scores: dict[str, float]
    """Success of every score, the better ones first."""
    count: int
    """People, or messages of groups, of all worlds."""
    success: Share
    popular: Share
    control: Share
    chance: float
    excess: Excess
    """Of all rows, at a level of its own; see `bounds` for what decides."""
    named: float
    bounds: tuple[Bound, ...]
    """Of settled rows, where there are any, then of all; none where nothing is declared."""
    curve: tuple[Point, ...]
    settled: Share | None = None
    """The best score of settled rows alone; None: nothing has settled, or the channel is not of such rows."""
    unsettled: Share | None = None
    """The best score of the others alone."""

    @property
    def standing(self) -> Standing:
        """Of the bound that holds least."""
        found = {bound.standing for bound in self.bounds}
        order: tuple[Standing, ...] = ("above", "open", "within")
        return next((each for each in order if each in found), "told")


@dataclass(frozen=True, slots=True)
class Order:
    """How much of the order of insertion one column keeps, over all rows and over settled ones."""

    column: str
    all_rows: float
    """|r| times the root of n - 1, the largest of a world; about 1 is chance."""
    settled: float
    settled_rows: int
    """In all worlds; 0: no row looks settled."""
    bound: float
    """More than this is not chance, with the level that all columns and worlds share."""

    @property
    def is_kept(self) -> bool:
        """Whether settled rows keep an order; drawn ids keep none before either."""
        return self.settled > self.bound or (self.column in DRAWN and self.all_rows > self.bound)

    @property
    def told(self) -> str:
        """In words, how far it is from chance."""
        return (
            f"|r| root(n - 1) is {self.all_rows:.1f}, of settled rows {self.settled:.1f}, "
            f"where chance stays below {self.bound:.1f}"
        )


@dataclass(frozen=True, slots=True)
class LayoutResult:
    """One layout, over all worlds."""

    name: str
    revision: str
    rows: tuple[Row, ...]
    orders: tuple[Order, ...]
    messages: int
    """Rows of messages in all copies."""
    worlds: int
    old_locks: int | None
    """Rows of people and devices that name a locker from before the last settle; None: no settle was."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole answer."""

    users: int
    rate: float
    days: int
    seeds: tuple[int, ...]
    """Of the worlds that were measured."""
    asked: int
    """Worlds that were asked for."""
    head: LayoutResult
    control: LayoutResult
    one_table: bool
    """Whether head is the control's revision, so that one measurement serves both."""
    blind: tuple[str, ...]
    """Why the measurement does not count: sentences."""
    cut: tuple[str, ...]
    """What was left out: sentences."""
    repeated: int
    """Calls that the server gave up."""
    calls: int
    seconds: float
    server: str
    conduct: str
    """SHA-256 of the simulator's parameters."""
    findings: tuple[str, ...] = field(default=())
    """Slugs of channels above their bound, columns in which settled rows keep an order, and `old-lock`."""

    @property
    def verdict(self) -> Literal["pass", "fail", "blind", "incomplete"]:
        """What the exit code says."""
        if self.blind:
            return "blind"
        if self.findings:
            return "fail"
        if self.cut or any(row.standing == "open" for row in self.head.rows):
            return "incomplete"
        return "pass"

    @property
    def exit_code(self) -> int:
        """0 within every bound, 1 above one, 3 blind or undecided."""
        return {"pass": 0, "fail": 1, "blind": 3, "incomplete": 3}[self.verdict]


def pool(name: str, revision: str, worlds: Sequence[WorldResult]) -> LayoutResult:
    """Rows in the order of channel.py, then those of channels that it does not know."""
    slugs = [slug for world in worlds for slug in world.samples]
    known = [channel.slug for channel in CHANNELS if channel.slug in slugs]
    others = sorted(set(slugs) - set(known))
    # Half of the level for the channels, over settled and over all rows; half for the orders.
    tests = 4 * sum(len(scores) for scores in worlds[0].samples.values())
    bound = deviations(LEVEL / 4 / max(1, len(worlds[0].orders) * len(worlds)))
    rows = tuple(_row(channel_of(slug), worlds, tests) for slug in [*known, *others])
    orders = tuple(
        Order(
            column,
            max(world.orders[column][0] for world in worlds),
            max(world.settled_orders[column][0] for world in worlds),
            sum(world.settled_orders[column][1] for world in worlds),
            bound,
        )
        for column in worlds[0].orders
    )
    locks = [world.old_locks for world in worlds if world.old_locks is not None]
    messages = sum(world.messages for world in worlds)
    return LayoutResult(name, revision, rows, orders, messages, len(worlds), sum(locks) if locks else None)


def _row(channel: Channel, worlds: Sequence[WorldResult], tests: int) -> Row:
    by_score = {
        slug: [w.samples[channel.slug][slug] for w in worlds] for slug in worlds[0].samples[channel.slug]
    }
    points = {slug: share([s.success for s in samples]).point for slug, samples in by_score.items()}
    ordered = dict(sorted(points.items(), key=lambda item: (-np.nan_to_num(item[1], nan=-1.0), item[0])))
    best = next(iter(ordered))
    samples = by_score[best]
    success, popular = [s.success for s in samples], [s.popular for s in samples]
    count = sum(len(s.success) for s in samples)
    weights = np.array([max(1e-9, len(s.success)) for s in samples])
    settled = _best([[s.settled for s in each] for each in by_score.values()])
    unsettled = _best([[s.unsettled for s in each] for each in by_score.values()])
    bounds = []
    if channel.margin is not None:
        if settled:
            of_settled = excess([part.success for part in settled], [part.popular for part in settled], tests)
            bounds.append(_bound("settled", channel, channel.margin, of_settled, count))
        of_all = excess(success, popular, tests)
        bounds.append(_bound("all", channel, channel.margin_of_all, of_all, count))
    return Row(
        channel=channel,
        score=best,
        scores=ordered,
        count=count,
        success=share(success),
        popular=share(popular),
        control=share([s.control for s in samples]),
        chance=float(np.average([s.chance for s in samples], weights=weights)),
        excess=excess(success, popular, 1),
        named=float(np.average([s.named for s in samples], weights=weights)),
        bounds=tuple(bounds),
        curve=_curve(samples),
        settled=share([part.success for part in settled]) if settled else None,
        unsettled=share([part.success for part in unsettled]) if unsettled else None,
    )


def _best(scores: Sequence[Sequence[Part | None]]) -> list[Part]:
    """[worlds] of whichever score did best, each of which is [worlds]; empty where nothing has settled."""
    whole = [[world for world in worlds if world is not None] for worlds in scores]
    return max(
        (worlds for worlds in whole if worlds),
        key=lambda worlds: np.nan_to_num(share([part.success for part in worlds]).point, nan=-1.0),
        default=[],
    )


def _bound(
    of: Literal["settled", "all"], channel: Channel, margin: float, found: Excess, count: int
) -> Bound:
    enough = channel.population != "never-back" or count >= ENOUGH_NEVER_BACK
    standing: Standing = "open"
    if found.lower > margin:
        standing = "above"
    elif enough and found.point <= margin and found.upper <= 2 * margin:
        standing = "within"
    return Bound(of, margin, found, standing)


def _curve(samples: Sequence[Sample]) -> tuple[Point, ...]:
    def joined(parts: Sequence[Floats | Ints]) -> Floats:
        return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])

    heard = joined([s.heard for s in samples])
    if not len(heard):
        return ()
    columns = [joined([getattr(s, name) for s in samples]) for name in ("success", "popular", "control")]
    classes = np.digitize(heard, HEARD) - 1
    points = []
    for place in range(len(HEARD)):
        here = classes == place
        if here.sum() >= 5:
            means = [float(column[here].mean()) for column in columns]
            points.append(Point(float(np.median(heard[here])), int(here.sum()), *means))
    return tuple(points)


def blindness(control: LayoutResult, users: int, days: int) -> tuple[str, ...]:
    """Why the attack cannot be trusted: what it must be able to do on 0.1.0 and did not."""
    full = users >= FULL_PEOPLE and days >= FULL_DAYS
    found = {row.channel.slug: row for row in control.rows}
    reasons = []
    for channel in CHANNELS:
        if channel.floor is None:
            continue
        row = found.get(channel.slug)
        if row is None:
            reasons.append(f"no score looked at channel {channel.slug}")
        elif full and not row.success.point >= channel.floor:
            reasons.append(
                f"on {control.name} {channel.slug} named a contact first for {row.success.point:.2f} of "
                f"people, where {channel.floor:.2f} is known to be possible"
            )
        elif not full and not row.excess.lower > 0.0:
            reasons.append(f"on {control.name} {channel.slug} was not better than popularity")
    return tuple(reasons)


def findings(head: LayoutResult) -> tuple[str, ...]:
    """Slugs of the channels that are above their declared bound, and what else settled rows must not show."""
    kept = (f"order of {order.column}" for order in head.orders if order.is_kept)
    locks = ("old-lock",) if head.old_locks else ()
    return (*(row.channel.slug for row in head.rows if row.standing == "above"), *kept, *locks)


LEVEL_TEXT = f"{1 - LEVEL:.1%}"
