"""One world under every score: successes of each person, beside popularity and the shuffled control."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from nosender.errors import NosenderError, UsageError
from nosender.linkability import grading
from nosender.linkability.channel import Channel, channel_of
from nosender.linkability.copied import part, shuffled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nosender.linkability.arrays import Flags, Floats, Ints
    from nosender.linkability.copied import Copy
    from nosender.linkability.grading import Truth
    from nosender.linkability.score import Score

NEVER_BACK = "never-back"

_NOT_ONE_COPY = ("copy-hour", "copy-minute")


@dataclass(slots=True)
class Sample:
    """What one score did on one channel in one world. Arrays are [people], or [utterances] for senders."""

    success: Floats
    control: Floats
    """The same score on the shuffled copy."""
    popular: Floats
    """Naming whoever has most rows, on the same people."""
    chance: float
    """Mean success of a random name."""
    heard: Ints
    """How many messages each of them got; empty for senders."""
    named: float = 1.0
    """Share for whom there was an answer at all."""
    settled: Floats | None = None
    """The same score where the copy holds its settled rows alone; None: nothing has settled."""
    unsettled: Floats | None = None
    """And where it holds the others alone."""


@dataclass(slots=True)
class WorldResult:
    """One world, measured."""

    seed: int
    people: int
    messages: int
    """Rows in the copy."""
    samples: dict[str, dict[str, Sample]] = field(default_factory=dict)
    """By channel, then by score."""
    orders: dict[str, tuple[float, int]] = field(default_factory=dict)
    """Column to order statistic and rows; see grading.order_statistic."""
    settled_orders: dict[str, tuple[float, int]] = field(default_factory=dict)
    """The same of rows that share a transaction with many, which is how settled rows look."""


def measure(copy: Copy, truth: Truth, scores: Sequence[Score], seed: int) -> WorldResult:
    """Run every score on the copy and on its control, and grade both."""
    result = WorldResult(seed, copy.people, len(copy.messages))
    controls = {
        hours: shuffled(copy, np.random.default_rng([seed, hours]), hours)
        for hours in {channel_of(score.channel).control_hours for score in scores}
    }
    parts = [part(copy, settled=settled) for settled in (True, False)]
    if not len(parts[0].messages):
        parts = []
    for score in scores:
        channel = channel_of(score.channel)
        control = controls[channel.control_hours]
        if score.names == "senders":
            sample = _senders(score, copy, control, truth)
        else:
            found, other = _answer(score, copy), _answer(score, control)
            sample = _contacts(channel, found, other, copy, truth)
            apart = [_answer(score, each) for each in parts] if channel.slug not in _NOT_ONE_COPY else []
            _apart(sample, channel, apart, copy, truth)
            if channel.population == "talkers" and channel.slug not in _NOT_ONE_COPY:
                beside = _contacts(channel_of(NEVER_BACK), found, other, copy, truth)
                _apart(beside, channel_of(NEVER_BACK), apart, copy, truth)
                result.samples.setdefault(NEVER_BACK, {})[f"{channel.slug}/{score.slug}"] = beside
        result.samples.setdefault(channel.slug, {})[score.slug] = sample
    result.orders = grading.orders_of(copy, truth, np.ones(len(copy.messages), dtype=np.bool_))
    result.settled_orders = grading.orders_of(copy, truth, copy.messages.is_settled)
    return result


def _answer(score: Score, copy: Copy) -> Floats:
    """A score's matrix; UsageError where a stranger's score returns anything else."""
    found = np.asarray(_run(score, copy), dtype=np.float64)
    if found.shape != (copy.people, copy.people):
        raise UsageError(
            f"score {score.slug} of channel {score.channel} returned shape {found.shape}, "
            f"not ({copy.people}, {copy.people})"
        )
    return found


def _guess(score: Score, copy: Copy) -> Ints:
    """Who a score says sent each row; UsageError where it returns anything but one person a row."""
    found = np.asarray(_run(score, copy))
    if found.shape != (len(copy.messages),):
        raise UsageError(
            f"score {score.slug} of channel {score.channel} returned shape {found.shape}, "
            f"not ({len(copy.messages)},)"
        )
    return found.astype(np.int64)


def _run(score: Score, copy: Copy) -> object:
    try:
        return score.function(copy)
    except Exception as error:
        raise NosenderError(
            f"score {score.slug} of channel {score.channel} failed: {type(error).__name__}: {error}"
        ) from error


def _contacts(channel: Channel, found: Floats, other: Floats, copy: Copy, truth: Truth) -> Sample:
    who: Flags = grading.graded_people(channel, copy, truth)
    return Sample(
        success=grading.named_first(found, truth.contacts)[who],
        control=grading.named_first(other, truth.contacts)[who],
        popular=grading.named_first(grading.popularity(channel, copy), truth.contacts)[who],
        chance=float(truth.contacts[who].sum(axis=1).mean() / max(1, copy.people - 1)) if who.any() else 0.0,
        heard=truth.heard[who],
    )


def _apart(sample: Sample, channel: Channel, found: list[Floats], copy: Copy, truth: Truth) -> None:
    """Grade what settled rows alone and the others alone gave, on the same people as the whole copy."""
    who = grading.graded_people(channel, copy, truth)
    if found:
        sample.settled, sample.unsettled = (grading.named_first(each, truth.contacts)[who] for each in found)


def _senders(score: Score, copy: Copy, control: Copy, truth: Truth) -> Sample:
    right, named = grading.senders_named(_guess(score, copy), truth)
    other, _ = grading.senders_named(_guess(score, control), truth)
    popular, chance = grading.popular_sender(copy, truth)
    share = float(named.mean()) if len(named) else 0.0
    return Sample(right, other, popular, chance, np.zeros(0, dtype=np.int64), share)
