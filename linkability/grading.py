"""What a score got right: the only place where the truth and a copy meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nosender.linkability.copied import NONE
from nosender.linkability.nearness import has_rows

if TYPE_CHECKING:
    from nosender.linkability.arrays import Flags, Floats, Ints
    from nosender.linkability.channel import Channel
    from nosender.linkability.copied import Copy
    from nosender.linkability.simulation.world import World

_DRAWN = 2**39

FIRST = 1e-12
"""Values that differ by less, relatively, are equal: sums in another order."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What grading needs to know of a world; built beside the copy, never in it."""

    contacts: Flags
    """[people, people]."""
    never_back: Flags
    """[people]: own a device that never fetches."""
    turn: Ints
    """[rows of messages in the copy]: the number of the call that stored each: the true order."""
    sender: Ints
    """[rows of messages in the copy]."""
    utterance: Ints
    """[rows of messages in the copy]: the same for rows of one group message; NONE: not of a group."""
    heard: Ints
    """[people]: how many messages somebody got, all told."""


def truth_of(world: World, copy: Copy, ids: Ints, turns: Ints) -> Truth:
    """`ids` (rising) and `turns`: which call stored the message of an id."""
    number_of = {token: number for number, token in enumerate(world.tokens)}
    turn = turns[np.searchsorted(ids, copy.messages.id)]
    calls = world.calls
    number = np.array([number_of[calls[each - 1].token or ""] for each in turn.tolist()], dtype=np.int64)
    in_group = world.talk.group[number] >= 0
    never = np.zeros(world.people, dtype=np.bool_)
    never[world.society.device_owner[world.society.device_dead]] = True
    return Truth(
        contacts=world.contacts,
        never_back=never,
        turn=turn,
        sender=world.talk.sender[number],
        utterance=np.where(in_group, world.talk.utterance[number], NONE),
        heard=np.bincount(world.talk.destination, minlength=world.people),
    )


def named_first(score: Floats, contacts: Flags) -> Floats:
    """[people]: the chance that the name at the top of a person's list is a contact; equal ones share it."""
    ranked = np.array(score, dtype=np.float64)
    ranked[~np.isfinite(ranked)] = -np.inf
    np.fill_diagonal(ranked, -np.inf)
    top = ranked.max(axis=1, keepdims=True)
    tied = ranked >= top - np.abs(top) * FIRST
    np.fill_diagonal(tied, val=False)
    right: Floats = (tied & contacts).sum(axis=1) / np.maximum(tied.sum(axis=1), 1)
    return right


def graded_people(channel: Channel, copy: Copy, truth: Truth) -> Flags:
    """[people]: whose success counts for a channel of contacts."""
    who: Flags = np.array(truth.contacts.any(axis=1))
    if channel.population == "rotators":
        who &= has_rows(copy.session_keys.person, copy.people)
    if channel.population == "never-back":
        who &= truth.never_back
    return who


def popularity(channel: Channel, copy: Copy) -> Floats:
    """[people, people]: everybody's list is the same: who has most rows of the kind first."""
    table = copy.session_keys if channel.population == "rotators" else copy.messages
    counts = np.bincount(table.person, minlength=copy.people).astype(np.float64)
    return np.tile(counts, (copy.people, 1))


def senders_named(guess: Ints, truth: Truth) -> tuple[Floats, Floats]:
    """[utterances] of groups: whether the sender was named rightly, and whether anybody was named."""
    rows = np.flatnonzero(truth.utterance != NONE)
    order = rows[np.lexsort([guess[rows] == NONE, truth.utterance[rows]])]  # a named row first
    _, first = np.unique(truth.utterance[order], return_index=True)
    chosen = order[first]
    named = guess[chosen] != NONE
    return (named & (guess[chosen] == truth.sender[chosen])).astype(np.float64), named.astype(np.float64)


def popular_sender(copy: Copy, truth: Truth) -> tuple[Floats, float]:
    """[utterances]: success of naming whoever gets most messages, and the chance of a random name."""
    most = int(np.bincount(copy.messages.person, minlength=copy.people).argmax()) if len(copy.messages) else 0
    right, _ = senders_named(np.full(len(copy.messages), most), truth)
    return right, 1.0 / max(1, copy.people - 1)


def order_statistic(values: Ints, period: Ints, turn: Ints) -> tuple[float, int]:
    """|r| times the root of n - 1: how far an order inside equal stored times is from chance; and the rows.

    All three are [rows]. r is the rank correlation of `values` with the true order inside each period, their
    Fisher-like sum over periods: under a random order about normal with deviation 1, so 4 is not chance.
    """
    total, degrees, rows = 0.0, 0, 0
    order = np.argsort(period, kind="stable")
    bounds = np.flatnonzero(np.diff(period[order])) + 1
    for part in np.split(order, bounds):
        if len(part) < 3:
            continue
        first = _ranks(values[part])
        second = _ranks(turn[part])
        spread = float(first.std() * second.std())
        if spread == 0.0:
            continue
        correlation = float(((first - first.mean()) * (second - second.mean())).mean()) / spread
        total += correlation * (len(part) - 1)
        degrees += len(part) - 1
        rows += len(part)
    return (abs(total) / np.sqrt(degrees) if degrees else 0.0), rows


def _ranks(values: Ints) -> Floats:
    """[rows]: ranks; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2.0)[inverse]
    return ranks


def orders_of(copy: Copy, truth: Truth, *, settled: bool) -> dict[str, tuple[float, int]]:
    """The order statistic of each column that may keep the order in which messages came.

    Over all rows, inside each stored hour; or over settled ones, inside each set, which is a transaction.
    """
    messages, deliveries = copy.messages, copy.deliveries
    which = messages.is_settled if settled else np.ones(len(messages), dtype=np.bool_)
    table, turn = messages.take(which), truth.turn[which]
    period = table.xmin if settled else table.hour
    columns = {"messages.id": table.id, "messages.xmin": table.xmin, "messages.ctid": table.place}
    found = {name: order_statistic(values, period, turn) for name, values in columns.items()}
    out = np.flatnonzero(table.toast != NONE)
    found["messages, TOAST"] = order_statistic(table.toast[out], period[out], turn[out])

    theirs = deliveries.take(deliveries.is_settled if settled else np.ones(len(deliveries), dtype=np.bool_))
    turns = dict(
        zip(messages.id.tolist(), zip(truth.turn.tolist(), messages.hour.tolist(), strict=True), strict=True)
    )
    known = np.array(
        [turns.get(each, (NONE, NONE)) for each in theirs.parent.tolist()], dtype=np.int64
    ).reshape(-1, 2)
    period = theirs.xmin if settled else known[:, 1]
    # What is drawn of an id alone: above it stands the day, and they settle on other days.
    for name, values in (("deliveries.id", theirs.id & (_DRAWN - 1)), ("deliveries.ctid", theirs.place)):
        found[name] = order_statistic(values, period, known[:, 0])
    return found
