"""Copies made by hand: who is in contact with whom is known, and what the tables show of it is chosen."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np

from nosender.linkability.copied import NONE, Copy, Seen, rows
from nosender.linkability.grading import Truth

PEOPLE = 40
HOURS = 30


def truth(copy: Copy) -> Truth:
    """Person 0 talks to 1, 2 to 3, and so on; the true order of messages is that of `turns`."""
    contacts = np.zeros((PEOPLE, PEOPLE), dtype=bool)
    for person in range(PEOPLE):
        contacts[person, person ^ 1] = True
    count = len(copy.messages)
    return Truth(
        contacts=contacts,
        never_back=np.arange(PEOPLE) < 10,
        turn=copy.messages.id.copy(),
        sender=np.full(count, NONE),
        utterance=np.full(count, NONE),
        heard=np.bincount(copy.messages.person, minlength=PEOPLE),
    )


@cache
def telling(seed: int = 0) -> Copy:
    """Every channel tells: pairs write to each other within seconds, and nothing is hidden."""
    random = np.random.default_rng(seed)
    moment, who = _said(random)
    count = len(moment)
    hour = (moment // 3600).astype(np.int64)
    index = np.arange(count)
    lifetime = 24 + 7 * (who // 2)  # every pair its own
    messages = rows(
        count,
        id=index + 1,
        xmin=1000 + 3 * index,
        block=index // 6,
        offset=index % 6 + 1,
        person=who,
        hour=hour,
        toast=5000 + index,
        expires=hour + lifetime,
        xmax=np.zeros(count, dtype=np.int64),
    )
    deliveries = rows(
        count,
        id=index + 1,
        xmin=1001 + 3 * index,
        block=index // 6,
        offset=index % 6 + 1,
        person=who,
        hour=hour,
        parent=index + 1,
        counter=np.ones(count, dtype=np.int64),
        active=np.ones(count, dtype=np.int64),
    )
    keys = _agreements(random)
    last = np.zeros(PEOPLE, dtype=np.int64)
    np.maximum.at(last, keys.person, keys.xmin)
    last_message = np.zeros(PEOPLE, dtype=np.int64)
    np.maximum.at(last_message, who, messages.xmin)
    everybody = np.arange(PEOPLE)
    messages, deliveries, keys = (
        table.take(random.permutation(len(table))) for table in (messages, deliveries, keys)
    )
    return Copy(
        people=PEOPLE,
        end=HOURS + 400,
        messages=messages,
        deliveries=deliveries,
        session_keys=keys,
        users=rows(PEOPLE, id=everybody + 1, person=everybody, xmax=last),
        devices=rows(PEOPLE, id=everybody + 1, person=everybody, xmax=last_message),
        seen_minute=Seen(who, (moment // 60).astype(np.int64) * 60 + 60),
        seen_hour=Seen(who, hour * 3600 + 3600),
    )


def _said(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Moments, rising, in seconds, and destinations: [messages] both."""
    starts, starter = [], []
    for pair in range(PEOPLE // 2):
        for hour in random.choice(HOURS, 8, replace=False).tolist():  # so that hours alone tell as well
            starts += [(hour + float(random.random() * 0.9)) * 3600.0]
            starter += [2 * pair]
    time, person = [], []
    for start, first in zip(starts, starter, strict=True):
        for number in range(24):
            time.append(start + 6.0 * number + float(random.random()))
            person.append(first + number % 2)
    order = np.argsort(time)
    return np.array(time)[order], np.array(person)[order]


def _agreements(random: np.random.Generator):  # type: ignore[no-untyped-def]
    """Each pair agrees three times; both sides store one after the other; old keys are marked."""
    events = [
        (float(random.random()) * HOURS * 0.3 + generation * HOURS * 0.33, pair, generation)
        for pair in range(PEOPLE // 2)
        for generation in range(3)
    ]
    events.sort()
    columns: dict[str, list[int]] = {name: [] for name in ("person", "hour", "counter", "xmin", "active")}
    transaction, written = 10_000, {}
    for moment, pair, generation in events:
        for person in (2 * pair, 2 * pair + 1):
            before = written.get(person)
            if before is not None:
                columns["xmin"][before], columns["active"][before] = transaction, 0
            written[person] = len(columns["person"])
            values = (person, int(moment), 5 * pair + generation, transaction + 1, 1)
            for name, value in zip(columns, values, strict=True):
                columns[name].append(value)
            transaction += 3
        transaction += 20
    count = len(columns["person"])
    index = np.arange(count)
    return rows(
        count,
        id=index + 1,
        block=index // 4,
        offset=index % 4 + 1,
        parent=random.permutation(count),
        **{name: np.array(values, dtype=np.int64) for name, values in columns.items()},
    )


@cache
def settled(seed: int = 0) -> Copy:
    """The same rows in random order, written by one transaction, with times by the day and no row locks."""
    copy, random = telling(seed), np.random.default_rng(seed + 1)

    def anew(table):  # type: ignore[no-untyped-def]
        count = len(table)
        order = random.permutation(count)
        return dataclasses.replace(
            table,
            id=random.choice(10 * count, count, replace=False) + 1,
            xmin=np.full(count, 99),
            block=order // 6,
            offset=order % 6 + 1,
            toast=np.where(table.toast == NONE, NONE, random.permutation(count)),
            hour=np.zeros(count, dtype=np.int64),
            expires=np.full(count, NONE),
            counter=random.integers(0, 2**31, count),
            xmax=np.zeros(count, dtype=np.int64),
        )

    return dataclasses.replace(
        copy,
        messages=anew(copy.messages),
        deliveries=dataclasses.replace(anew(copy.deliveries), counter=copy.deliveries.counter),
        session_keys=dataclasses.replace(anew(copy.session_keys), active=copy.session_keys.active),
        users=anew(copy.users),
        devices=anew(copy.devices),
    )
