"""Rows that share a page or a transaction: are two people in the same ones more often than by chance?

No order is needed. A page holds a minute or so of a busy server; a settled group, which one
transaction wrote, holds the period that it settles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nosender.linkability.nearness import correlated, together
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats
    from nosender.linkability.copied import Copy


def _message_pages(copy: Copy) -> Floats:
    return together(copy.messages.block, copy.messages.person, copy.people)


def _neighbouring_pages(copy: Copy) -> Floats:
    """Pages two by two, both ways of pairing them: answers cross the edge of a page."""
    table = copy.messages
    return together(table.block // 2, table.person, copy.people) + together(
        (table.block + 1) // 2, table.person, copy.people
    )


def _fresh_pages(copy: Copy) -> Floats:
    """Of the rows that are not settled yet."""
    table = copy.messages.fresh
    return together(table.block, table.person, copy.people)


def _fresh_delivery_pages(copy: Copy) -> Floats:
    table = copy.deliveries.fresh
    return together(table.block, table.person, copy.people)


def _delivery_pages(copy: Copy) -> Floats:
    return together(copy.deliveries.block, copy.deliveries.person, copy.people)


def _delivery_page_counts(copy: Copy) -> Floats:
    return correlated(copy.deliveries.block, copy.deliveries.person, copy.people)


def _transactions(copy: Copy) -> Floats:
    return together(copy.messages.xmin, copy.messages.person, copy.people)


_FUNCTIONS: tuple[tuple[str, str, Callable[[Copy], Floats]], ...] = (
    ("same-page", "block", _message_pages),
    ("two-pages", "block", _neighbouring_pages),
    ("fresh", "block", _fresh_pages),
    ("fresh", "delivery-block", _fresh_delivery_pages),
    ("same-page", "delivery-block", _delivery_pages),
    ("page-counts", "delivery-block", _delivery_page_counts),
    ("same-transaction", "xmin", _transactions),
)

SCORES = tuple(Score(slug, channel, function) for slug, channel, function in _FUNCTIONS)
