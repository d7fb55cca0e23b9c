"""What is said: messages between two people and in groups, by day and by night."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats, Ints
    from nosender.linkability.simulation.conduct import Conduct
    from nosender.linkability.simulation.people import Society

DAY = 86_400.0
_NONE = -1


@dataclass(frozen=True, slots=True)
class Talk:
    """Messages in the order in which they are sent; one row for each destination of a group's message."""

    time: Floats
    """[messages]: seconds since the first midnight."""
    sender: Ints
    """[messages]: known here alone."""
    destination: Ints
    """[messages]."""
    utterance: Ints
    """[messages]: rows of one group message share it; every other message has its own."""
    group: Ints
    """[messages]: the group's number, or -1."""
    answered: Floats
    """[messages]: when the destination wrote back in the same conversation, seconds; inf: never."""
    lifetime: Ints
    """[messages]: hours until the message expires; -1: never."""
    meetings: Ints
    """[conversations, 2]: who begins a conversation of two, and with whom."""
    meeting_time: Floats
    """[conversations], rising: seconds."""

    def take(self, which: Ints) -> Talk:
        """The messages of these numbers, in this order."""
        fields = ("time", "sender", "destination", "utterance", "group", "answered", "lifetime")
        return Talk(
            **{name: getattr(self, name)[which] for name in fields},
            meetings=self.meetings,
            meeting_time=self.meeting_time,
        )


def make_talk(
    random: np.random.Generator, conduct: Conduct, society: Society, rows: float, seconds: float
) -> Talk:
    """About `rows` messages in `seconds` seconds."""
    in_groups = rows * conduct.group.share if society.groups else 0.0
    pieces = [_between_two(random, conduct, society, rows - in_groups, seconds)]
    if society.groups:
        pieces.append(_in_groups(random, conduct, society, in_groups, seconds))
    shift = 0
    columns: dict[str, list[Ints | Floats]] = {}
    for piece in pieces:
        for name in ("time", "sender", "destination", "group", "answered", "lifetime"):
            columns.setdefault(name, []).append(getattr(piece, name))
        columns.setdefault("utterance", []).append(piece.utterance + shift)
        shift += int(piece.utterance.max(initial=_NONE)) + 1
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    talk = Talk(**joined, meetings=pieces[0].meetings, meeting_time=pieces[0].meeting_time)  # type: ignore[arg-type]
    order = np.argsort(talk.time, kind="stable")
    return talk.take(order[talk.time[order] < seconds])


def _starts(random: np.random.Generator, conduct: Conduct, count: int, seconds: float) -> Floats:
    """[count] moments, fewer at night."""
    hours = np.arange(int(np.ceil(seconds / 3600)))
    of_day = hours % 24
    quiet = (of_day >= conduct.conversation.quiet_from) | (of_day < conduct.conversation.quiet_to)
    weight = np.where(quiet, conduct.conversation.quiet_weight, 1.0)
    chosen = random.choice(hours, count, p=weight / weight.sum())
    moments: Floats = (chosen + random.random(count)) * 3600.0
    return moments


def _moments(
    random: np.random.Generator, conduct: Conduct, start: Floats, length: Ints, same: np.ndarray
) -> Floats:
    """[messages]: when each message of these conversations is sent; `same`: by who wrote the one before."""
    total = int(length.sum())
    reply = random.lognormal(
        np.log(conduct.conversation.reply_median), conduct.conversation.reply_sigma, total
    )
    more = random.lognormal(np.log(conduct.conversation.more_median), 0.7, total)
    delay = np.where(same, more, reply)
    first = np.cumsum(length) - length
    delay[first] = 0.0
    elapsed = np.cumsum(delay)
    moments: Floats = np.repeat(start - elapsed[first], length) + elapsed
    return moments


def _between_two(
    random: np.random.Generator, conduct: Conduct, society: Society, rows: float, seconds: float
) -> Talk:
    count = max(1, round(rows / conduct.conversation.length))
    start = np.sort(_starts(random, conduct, count, seconds))
    pair = random.choice(len(society.pairs), count, p=society.weights)
    length = random.geometric(1.0 / conduct.conversation.length, count).astype(np.int64)
    conversation = np.repeat(np.arange(count), length)
    first = np.cumsum(length) - length
    same = random.random(len(conversation)) < conduct.conversation.more_share
    same[first] = False
    turns = np.cumsum(~same)
    begins = random.integers(0, 2, count)
    side = (turns - np.repeat(turns[first], length) + np.repeat(begins, length)) % 2
    sender = society.pairs[pair[conversation], side]
    destination = society.pairs[pair[conversation], 1 - side]
    time = _moments(random, conduct, start, length, same)
    return Talk(
        time=time,
        sender=sender,
        destination=destination,
        utterance=np.arange(len(time)),
        group=np.full(len(time), _NONE),
        answered=_answers(time, side, conversation),
        lifetime=_lifetimes(random, conduct, len(society.pairs))[pair[conversation]],
        meetings=np.stack([society.pairs[pair, begins], society.pairs[pair, 1 - begins]], axis=1),
        meeting_time=start,
    )


def _answers(time: Floats, side: Ints, conversation: Ints) -> Floats:
    """[messages]: the moment of the next message by the other side of the same conversation, else inf."""
    count = len(time)
    changes = np.full(count, count)
    where = np.flatnonzero((side[1:] != side[:-1]) & (conversation[1:] == conversation[:-1])) + 1
    changes[where - 1] = where
    following = np.minimum.accumulate(changes[::-1])[::-1]
    inside = (following < count) & (conversation[following.clip(max=count - 1)] == conversation)
    answered: Floats = np.where(inside, time[following.clip(max=count - 1)], np.inf)
    return answered


def _in_groups(
    random: np.random.Generator, conduct: Conduct, society: Society, rows: float, seconds: float
) -> Talk:
    sizes = np.array([len(group) for group in society.groups])
    count = max(1, round(rows / conduct.group.length / float((sizes - 1).mean())))
    start = np.sort(_starts(random, conduct, count, seconds))
    liveliness = random.pareto(1.5, len(society.groups)) + 0.2
    group = random.choice(len(society.groups), count, p=liveliness / liveliness.sum())
    length = random.geometric(1.0 / conduct.group.length, count).astype(np.int64)
    lifetimes = _lifetimes(random, conduct, len(society.groups))
    said = _moments(random, conduct, start, length, random.random(int(length.sum())) < 0.15)
    rows_of: list[tuple[float, int, int, int, int, int]] = []
    for number, (moment, which) in enumerate(
        zip(said.tolist(), np.repeat(group, length).tolist(), strict=True)
    ):
        members = random.permutation(society.groups[which]).tolist()
        speaker = members[0]
        delays = np.cumsum(random.exponential(conduct.group.fan_out, len(members))).tolist()
        for member, delay in zip(members[1:], delays, strict=False):
            rows_of.append((moment + delay, speaker, member, number, which, int(lifetimes[which])))
    columns = list(zip(*rows_of, strict=True))
    return Talk(
        time=np.array(columns[0]),
        sender=np.array(columns[1]),
        destination=np.array(columns[2]),
        utterance=np.array(columns[3]),
        group=np.array(columns[4]),
        answered=np.full(len(rows_of), np.inf),
        lifetime=np.array(columns[5]),
        meetings=np.zeros((0, 2), dtype=np.int64),
        meeting_time=np.zeros(0),
    )


def _lifetimes(random: np.random.Generator, conduct: Conduct, count: int) -> Ints:
    """[count] hours, one for each conversation partner or group: both sides use it; -1: none."""
    usual = random.choice(np.array(conduct.expiry.usual_hours), count)
    own = random.integers(2, 24 * 60, count)
    lifetime = np.where(random.random(count) < conduct.expiry.own_share, own, usual)
    expires: Ints = np.where(random.random(count) < conduct.expiry.pairs, lifetime, _NONE)
    return expires
