"""Stored hours alone, as plain SQL has them: who gets messages in the same hours?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.linkability.nearness import correlated, together
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats
    from nosender.linkability.copied import Copy


def _counts(copy: Copy) -> Floats:
    return correlated(copy.messages.hour, copy.messages.person, copy.people)


def _presence(copy: Copy) -> Floats:
    return together(copy.messages.hour, copy.messages.person, copy.people)


SCORES = (Score("counts", "stored-time", _counts), Score("presence", "stored-time", _presence))
