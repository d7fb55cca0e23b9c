"""What every format of an exploration says the same way."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.model import PlaceKind
from nosender.privacy_audit.reports.words import plural

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Exploration, Place

QUESTION = "Could somebody who holds this database tell who talks to whom?"
TITLES = {
    PlaceKind.SENDER_AND_RECIPIENT: "Who wrote to whom stands in one row",
    PlaceKind.PAIR: "Two people stand in one row",
    PlaceKind.SENDER: "Who wrote a message stands beside it",
    PlaceKind.GROUP: "People share a group",
    PlaceKind.BESIDE_MESSAGE: "A person stands beside a message",
    PlaceKind.IN_TEXT: "A text says itself who it is from",
    PlaceKind.LIST: "One value lists several people",
    PlaceKind.OWNER: "Who made a group stands beside it",
}
SEVERITIES = {"certain": "high", "likely": "medium", "hint": "low"}
LIMITS = (
    "What the rows' order, transactions and the log keep, and what a copy taken often shows, is not looked at.",
    "A guess can be wrong both ways: names mislead, and what is named or encoded oddly is missed.",
    "Views, functions and other databases of the server are not looked at.",
)


def answer(exploration: Exploration) -> str:
    """Yes, no or not seen, in a few words."""
    found = len(exploration.found)
    if found:
        return f"YES, from {plural(found, 'place')}."
    hints = len(exploration.places)
    besides = f", {plural(hints, 'hint')} aside" if hints else ""
    if exploration.unseen:
        return f"Nothing was found{besides}, but not everything was looked at."
    return f"NO, as far as keys, names and counts tell{besides}."


def name(place: Place) -> str:
    """The table of a place; its schema where that is not `public`."""
    schema, table = place.table
    return table if schema == "public" else f"{schema}.{table}"


def columns(place: Place) -> str:
    """The qualified column that a finding is about."""
    return ".".join((*place.table, place.people[0]))


def fingerprint(place: Place) -> str:
    """The same for the same place in every run."""
    subject = "\0".join((place.kind.value, *place.table, *place.people))
    return sha256(subject.encode()).hexdigest()[:32]


def tallies(exploration: Exploration) -> list[str]:
    """What else helps whoever links people, counted."""
    times = [each for each in exploration.traits if each.what == "time" and each.beside_person]
    texts = [each for each in exploration.traits if each.what == "text"]
    devices = [each for each in exploration.traits if each.what in ("device", "address")]
    searches = [each for each in exploration.traits if each.what == "search"]
    said = [f"Times finer than an hour beside a person: {plural(len(times), 'column')}"]
    said.append(f"text that can be read: {len(texts):,}")
    said.append(f"addresses and devices: {len(devices):,}")
    if searches:
        said.append(f"search indexes that copy text: {len(searches):,}")
    return said


def basis(exploration: Exploration) -> str:
    """What the answer rests on, and its bound."""
    bound = exploration.bound
    if not bound.sampled:
        return f"Read from keys and names of {plural(exploration.tables, 'table')} alone: no row was read."
    return (
        f"Read from keys, names and at most {bound.rows:,} rows of each of {bound.sampled:,} of "
        f"{plural(exploration.tables, 'table')}, in {bound.statements:,} statements of at most "
        f"{bound.timeout:,} ms; counts only, no value left the server."
    )
