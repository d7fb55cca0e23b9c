"""The knobs: what an operator decides about how long things stay, as values in one declared form.

They stand in the body of the function `retention_knobs`, where a revision puts the defaults once. `db
upgrade` alone changes them; whoever compares functions takes a body of this form for the declared one,
whatever the values, and reads the values out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Literal

FUNCTION = "retention_knobs"

Delivered = Literal["keep", "delete"]


@dataclass(frozen=True, slots=True)
class Knobs:
    """The values, in the order of the function's columns. None: that rule is off."""

    delivered: Delivered = "keep"
    """What an acknowledgement does to its delivery, and the last one to the message."""
    history: timedelta | None = None
    """Age at which a message goes that was delivered everywhere."""
    messages: timedelta | None = None
    """Age at which any message goes, unless its expiry lies ahead."""
    session_keys: timedelta | None = None
    """The same of a session key."""
    prekeys: timedelta = timedelta(days=30)
    """How long an ephemeral key may wait to be claimed."""
    settle: timedelta = timedelta(hours=1)
    """How long rows may keep the order in which they were written."""

    def body(self) -> str:
        """The body of the function: the one form there is."""
        return f"\n  values ('{self.delivered}', {', '.join(_literal(each) for each in self._ages())})\n"

    def line(self) -> str:
        """The line of the policy's text; the database writes the same one."""
        ages = ("" if each is None else str(int(each.total_seconds())) for each in self._ages())
        return "|".join(("knobs", self.delivered, *ages)) + "\n"

    def items(self) -> Iterator[tuple[str, str]]:
        """Names and values as a person writes them: `history`, `90 days`; `off` where a rule is off."""
        for field in fields(self):
            yield field.name, in_words(getattr(self, field.name))

    def differing(self, other: Knobs) -> tuple[tuple[str, str, str], ...]:
        """Name, value here and value there, of what is not the same."""
        pairs = zip(self.items(), other.items(), strict=True)
        return tuple((name, mine, theirs) for (name, mine), (_, theirs) in pairs if mine != theirs)

    def problems(self) -> tuple[tuple[str, str], ...]:
        """Name and sentence of each value that no nosender.toml may hold."""
        found = ((field.name, problem(field.name, getattr(self, field.name))) for field in fields(self))
        return tuple((name, sentence) for name, sentence in found if sentence is not None)

    def _ages(self) -> tuple[timedelta | None, ...]:
        return self.history, self.messages, self.session_keys, self.prekeys, self.settle


AGES = {"messages": "messages", "device_session_keys": "session_keys"}
"""By table, the knob that is the greatest age of its rows."""
OFF = ("history", "messages", "session_keys")
"""Those that are off unless they are set."""
_DAY = timedelta(days=1)
_LONGEST = {
    **dict.fromkeys(OFF, (2 * _DAY, 3660 * _DAY)),  # counted from the beginning of a day
    "prekeys": (timedelta(minutes=15), 366 * _DAY),  # as coarse as its expiry; longer no function takes
}
_SETTLES = (1, 2, 3, 6, 12, 24)  # hours that make six hours and a day whole

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_LITERAL = r"(?:null::interval|interval '[1-9][0-9]{0,8} (?:day|hour|minute|second)s?')"
FORM = rf"^\n  values \('(?:keep|delete)'(?:, {_LITERAL}){{5}}\)\n$"
"""What any such body matches, in PostgreSQL's regular expressions as in Python's."""
_PARTS = re.compile(rf"'(keep|delete)'|{_LITERAL}")
_NUMBER = re.compile(r"interval '(\d+) ([a-z]+?)s?'")


def problem(name: str, value: object) -> str | None:
    """Why a knob may not have this value; None where it may."""
    if name == "delivered" or (value is None and name in OFF):
        return None
    if not isinstance(value, timedelta):
        return f"{name} cannot be off"
    if name == "settle":
        hours = value / timedelta(hours=1)
        if hours in _SETTLES:
            return None
        return f"settle must be one of {', '.join(map(str, _SETTLES))} hours, not {in_words(value)}"
    least, most = _LONGEST[name]
    if least <= value <= most:
        return None
    return f"{name} must be from {in_words(least)} to {in_words(most)}, not {in_words(value)}"


def in_words(value: timedelta | str | None) -> str:
    """`90 days`, `keep`, `off`."""
    if value is None:
        return "off"
    if isinstance(value, str):
        return value
    seconds = int(value.total_seconds())
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    return f"{seconds // size} {unit}{'s' * (seconds != size)}"


def _literal(value: timedelta | None) -> str:
    return "null::interval" if value is None else f"interval '{in_words(value)}'"


def read(body: str) -> Knobs | None:
    """The values in a body of the function; None where it is of another form."""
    if not re.match(FORM.removesuffix("$") + r"\Z", body):
        return None
    delivered, *ages = (found[0] for found in _PARTS.finditer(body))
    values: list[Any] = [_age(text) for text in ages]
    # 24 hours that somebody wrote for a day say the same in another text, which no upgrade writes
    found = Knobs("delete" if delivered == "'delete'" else "keep", *values)
    return found if found.body() == body else None


def _age(text: str) -> timedelta | None:
    found = _NUMBER.fullmatch(text)
    return timedelta(**{f"{found[2]}s": int(found[1])}) if found else None
