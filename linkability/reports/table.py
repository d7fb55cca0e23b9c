"""The answer as text for a terminal, a hundred columns wide at most."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from nosender.linkability.outcome import LEVEL_TEXT
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
    from nosender.linkability.bounds import Share
    from nosender.linkability.outcome import LayoutResult, Outcome

WIDTH = 110
_HEAD = (
    f"{'channel':<17}{'score':<25}{'named':>6}{'settled':>9}{'rest':>6}{'below':>7}{'worlds':>11}"
    f"{'popular':>9}{'shuffled':>10}{'chance':>8}"
)


def render(outcome: Outcome) -> str:
    """Everything, with a newline at the end."""
    lines = ["What a holder of the database can learn, measured", "", *_wrapped(what_ran(outcome) + ".")]
    if outcome.one_table:
        lines += _wrapped(
            f"Head is revision {outcome.control.revision}, the tables of {outcome.control.name}: one table "
            "serves for both."
        )
    lines += _layout(outcome.head)
    if not outcome.one_table:
        lines += _layout(outcome.control)
    lines += ["", "What this cannot say"]
    for limit in LIMITS:
        lines += _wrapped(limit, "  ")
    lines += ["", VERDICTS[outcome.verdict]]
    if outcome.verdict == "fail":
        lines[-1] += ": " + ", ".join(outcome.findings)
    for reason in (*outcome.blind, *(f"left out: {each}" for each in outcome.cut)):
        lines += _wrapped(reason, "  ")
    undecided = [row.channel.slug for row in outcome.head.rows if row.standing == "open"]
    if undecided:
        lines += _wrapped("undecided, too few people: " + ", ".join(undecided), "  ")
    return "\n".join(lines) + "\n"


def _layout(layout: LayoutResult) -> list[str]:
    lines = [
        "",
        *_wrapped(headline(layout)),
        "",
        f"  {layout.name}, revision {layout.revision}",
        f"  {_HEAD}",
    ]
    for row in layout.rows:
        low, high = row.success.worlds
        lines.append(
            f"  {row.channel.slug:<17}{row.score:<25}{number(row.success.point):>6}"
            f"{_of(row.settled):>9}{_of(row.unsettled):>6}{number(row.success.upper):>7}"
            f"{number(low) + '-' + number(high):>11}"
            f"{number(row.popular.point):>9}{number(row.control.point):>10}{number(row.chance):>8}"
            f"  {declared(row)}, {row.count:,}"
        )
    lines += _wrapped(
        f"named: share for whom a contact (group-sender: the sender) came first; settled: the best score of "
        "settled rows alone, rest: of the others alone (of rotations: people who have not rotated since the "
        f"last settle, and who have); below: one-sided {LEVEL_TEXT} bound; last: what is declared above "
        "popularity, and people or messages.",
        "  ",
    )
    for reason in why_more(layout):
        lines += _wrapped(reason, "  ")
    lines += ["", f"  {'order kept, |r| root(n - 1)':<32}{'all rows':>10}{'settled rows':>15}"]
    for order in layout.orders:
        settled = f"{order.settled:.1f} of {order.settled_rows:,}" if order.settled_rows else "none"
        kept = f"  above {order.bound:.1f}" if order.is_kept else ""
        lines.append(f"  {order.column:<32}{order.all_rows:>10.1f}{settled:>15}{kept}")
    told = locks(layout)
    return lines + _wrapped(told, "  ") if told else lines


def _of(share: Share | None) -> str:
    return number(share.point) if share is not None else "-"


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
