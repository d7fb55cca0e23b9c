"""The answer as one HTML page without scripts, fonts or anything else from elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nosender.linkability.outcome import LEVEL_TEXT
from nosender.linkability.reports.picture import picture
from nosender.linkability.reports.words import (
    LIMITS,
    VERDICTS,
    declared,
    headline,
    locks,
    number,
    what_ran,
    why_more,
)

if TYPE_CHECKING:
    from nosender.linkability.outcome import LayoutResult, Outcome, Row

_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68em; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .2em .6em; text-align: right; border-bottom: 1px solid #8884 }
th:first-child, td:first-child, td:last-child, th:last-child { text-align: left }
tr.above td { font-weight: 600 }
svg { width: 100%; height: auto }
.verdict { font-size: 1.2em; font-weight: 600 }
"""

_COLUMNS = (
    "Looked at",
    "named",
    "settled",
    "rest",
    "below",
    "worlds",
    "popular",
    "shuffled",
    "chance",
    "of",
    "declared",
)


def render(outcome: Outcome) -> str:
    """The page, with a newline at the end."""
    layouts = [outcome.head] if outcome.one_table else [outcome.head, outcome.control]
    same = (
        f"<p>Head is revision {escape(outcome.control.revision)}, the tables of "
        f"{escape(outcome.control.name)}: one table serves for both.</p>"
        if outcome.one_table
        else ""
    )
    reasons = [*outcome.blind, *(f"Left out: {each}" for each in outcome.cut)]
    undecided = [row.channel.slug for row in outcome.head.rows if row.standing == "open"]
    if undecided:
        reasons.append("Undecided, too few people: " + ", ".join(undecided))
    verdict = VERDICTS[outcome.verdict] + (": " + ", ".join(outcome.findings) if outcome.findings else "")
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        "<title>What a holder of the database can learn</title>\n"
        f"<style>{_STYLE}</style>\n<h1>What a holder of the database can learn, measured</h1>\n"
        f"<p class=verdict>{escape(verdict)}</p>\n{_list(reasons)}"
        f"<p>{escape(what_ran(outcome))}.</p>\n{same}"
        + "".join(_layout(layout) for layout in layouts)
        + f"<p>named: share for whom a contact (of a group message: the sender) came first; settled: the "
        "best score of settled rows alone; rest: of the others alone (of rotations: people who have not "
        "rotated since the last settle, and who have); below: one-sided "
        f"{LEVEL_TEXT} bound; of: people, or group messages; declared: above popularity.</p>\n"
        f"<h2>What this cannot say</h2>\n{_list(LIMITS)}</html>\n"
    )


def _layout(layout: LayoutResult) -> str:
    head = "".join(f"<th>{escape(name)}" for name in _COLUMNS)
    return (
        f"<h2>{escape(layout.name)}, revision {escape(layout.revision)}</h2>\n"
        f"<p>{escape(headline(layout))}</p>\n"
        f"<figure>{picture(layout)}<figcaption>How often a real contact is named first, by the number of "
        "messages that a person got. Grey: the same attacks on shuffled order, and popularity (dashed)."
        "</figcaption></figure>\n"
        f"<table><tr>{head}\n{''.join(map(_row, layout.rows))}</table>\n"
        f"{_list(why_more(layout))}"
        "<table><tr><th>order kept, |r|&middot;&radic;(n&minus;1)<th>all rows<th>settled rows\n"
        f"{_orders(layout)}</table>\n"
        f"{_list([told]) if (told := locks(layout)) else ''}"
    )


def _row(row: Row) -> str:
    low, high = row.success.worlds
    cells = (
        number(row.success.point),
        *(number(each.point) if each is not None else "-" for each in (row.settled, row.unsettled)),
        number(row.success.upper),
        f"{number(low)}&ndash;{number(high)}",
        number(row.popular.point),
        number(row.control.point),
        number(row.chance),
        f"{row.count:,}",
        escape(declared(row)),
    )
    return (
        f'<tr class="{row.standing}"><td>{escape(row.channel.title)} ({escape(row.score)})'
        + "".join(f"<td>{cell}" for cell in cells)
        + "\n"
    )


def _orders(layout: LayoutResult) -> str:
    return "".join(
        f"<tr><td>{escape(order.column)}<td>{order.all_rows:.1f}<td>"
        + (f"{order.settled:.1f} of {order.settled_rows:,}" if order.settled_rows else "none")
        + "\n"
        for order in layout.orders
    )


def _list(sentences: tuple[str, ...] | list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(each)}" for each in sentences) + "</ul>\n" if sentences else ""
