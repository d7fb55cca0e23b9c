"""What an attack is: a pure function over one copy, of one channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from nosender.linkability.copied import Copy


@dataclass(frozen=True, slots=True)
class Score:
    """One way to attack one channel."""

    slug: str
    """Unique within its channel: `likelihood`."""
    channel: str
    """Slug of the channel; see channel.py. A new one is allowed."""
    function: Callable[[Copy], Any]
    """Pure. `contacts`: float array [people, people], the highest value of a row (not on the diagonal) names
    that person's contact, equal ones count in parts. `senders`: integer array [messages], who sent each
    row of `copy.messages`, -1 where it does not say."""
    names: Literal["contacts", "senders"] = "contacts"
