"""One world under every score: successes of each person, beside popularity and the shuffled control."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from nosender.errors import NosenderError, UsageError
from nosender.linkability import grading
from nosender.linkability.channel import Channel, channel_of
from nosender.linkability.copied import NONE, old_locks, part, shuffled
from nosender.linkability.nearness import has_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nosender.linkability.arrays import Flags, Floats, Ints
    from nosender.linkability.copied import Copy
    from nosender.linkability.grading import Truth
    from nosender.linkability.score import Score

NEVER_BACK = "never-back"

_NOT_ONE_COPY = ("copy-hour", "copy-minute")
_OF_EVERYBODY = ("acknowledgement", "expiry")
"""What is declared of everybody holds for owners of dead devices too; asked is whether they are worse off."""


@dataclass(frozen=True, slots=True)
class Part:
    """Success on a part of a copy, and popularity on the same people."""

    success: Floats
    popular: Floats


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
    settled: Part | None = None
    """The same score where the copy holds its settled rows alone; None: nothing has settled. Of rotations:
    the whole copy, for people who have not rotated since the last settle."""
    unsettled: Part | None = None
    """And where it holds the others alone; of rotations, for people who have."""


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
    """The same of rows that a settle wrote."""
    old_locks: int | None = None
    """Rows of people and devices that still name a locker from before the last settle; None: none settled."""


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
            sample = _senders(score, copy, control, truth, parts)
        else:
            found, other = _answer(score, copy), _answer(score, control)
            sample = _contacts(channel, found, other, copy, truth)
            apart = [_answer(score, each) for each in parts] if channel.slug not in _NOT_ONE_COPY else []
            _apart(sample, channel, apart, copy, truth)
            if channel.population == "talkers" and channel.slug not in (*_NOT_ONE_COPY, *_OF_EVERYBODY):
                beside = _contacts(channel_of(NEVER_BACK), found, other, copy, truth)
                _apart(beside, channel_of(NEVER_BACK), apart, copy, truth)
                result.samples.setdefault(NEVER_BACK, {})[f"{channel.slug}/{score.slug}"] = beside
        result.samples.setdefault(channel.slug, {})[score.slug] = sample
    result.orders = grading.orders_of(copy, truth, settled=False)
    result.settled_orders = grading.orders_of(copy, truth, settled=True)
    result.old_locks = old_locks(copy) if parts else None
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
    if not found:
        return
    who = grading.graded_people(channel, copy, truth)
    if channel.population == "rotators":
        since = has_rows(copy.session_keys.fresh.person, copy.people)[who]
        sample.settled, sample.unsettled = (
            Part(sample.success[which], sample.popular[which]) for which in (~since, since)
        )
    else:
        sample.settled, sample.unsettled = (
            Part(grading.named_first(each, truth.contacts)[who], sample.popular) for each in found
        )


def _senders(score: Score, copy: Copy, control: Copy, truth: Truth, parts: list[Copy]) -> Sample:
    right, named = grading.senders_named(_guess(score, copy), truth)
    other, _ = grading.senders_named(_guess(score, control), truth)
    popular, chance = grading.popular_sender(copy, truth)
    share = float(named.mean()) if len(named) else 0.0
    sample = Sample(right, other, popular, chance, np.zeros(0, dtype=np.int64), share)
    if parts:
        settled = copy.messages.is_settled
        sample.settled, sample.unsettled = (
            _senders_of(score, copy, each, which, truth)
            for each, which in zip(parts, (settled, ~settled), strict=True)
        )
    return sample


def _senders_of(score: Score, copy: Copy, alone: Copy, which: Flags, truth: Truth) -> Part:
    """Group messages with a row among those of `which`, where the copy holds nothing else."""
    guess = np.full(len(copy.messages), NONE)
    guess[which] = _guess(score, alone)
    known = replace(truth, utterance=np.where(which, truth.utterance, NONE))
    return Part(grading.senders_named(guess, known)[0], grading.popular_sender(copy, known)[0])
