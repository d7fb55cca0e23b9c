"""Sentences that every format says the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nosender.linkability.outcome import LayoutResult, Outcome, Row

LIMITS = (
    "A low number is no proof: it is the success of the attacks that were tried, and others may be better.",
    "These are planted people, all in one time zone, who behave as conduct.toml says; real traffic differs.",
    "The numbers are of this many people: among ten of them an hour is a name, whatever the tables hide.",
    "Whoever copies often or watches live, and whoever holds WAL, a replica or a backup, has the order of "
    "rows that the tables have lost, for as long as those are kept; deleted bytes stay in a page until it is "
    "written over.",
    "The clock was stepped by giving now() and clock_timestamp() a body that reads it, in scratch databases "
    "alone; every function under test is byte for byte the shipped one.",
)

VERDICTS = {
    "pass": "PASS: every channel is within its declared bound",
    "fail": "FAIL: above the declared bound",
    "blind": "BLIND: the attack did not succeed where it must, so its numbers say nothing",
    "incomplete": "INCOMPLETE: not everything was decided",
}


def number(value: float) -> str:
    """A share as a person reads it: .64, .006, 1.00."""
    if value != value:  # not a number: nobody was graded
        return "-"
    text = f"{value:.3f}" if abs(value) < 0.01 and value != 0 else f"{value:.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def what_ran(outcome: Outcome) -> str:
    """One sentence: worlds, people, days, rows, seeds, time."""
    seeds = (
        f"seed {outcome.seeds[0]}"
        if len(outcome.seeds) == 1
        else (f"seeds {outcome.seeds[0]} to {outcome.seeds[-1]}")
    )
    worlds = "1 world" if len(outcome.seeds) == 1 else f"{len(outcome.seeds)} worlds"
    return (
        f"{worlds} of {outcome.users:,} people, {outcome.days} days of {outcome.rate:g} rows a person and "
        f"day ({outcome.head.messages:,} messages in the copies), {seeds}, PostgreSQL {outcome.server}; "
        f"{outcome.calls:,} calls, {outcome.seconds:,.0f} seconds"
    )


def headline(layout: LayoutResult) -> str:
    """The one sentence about a layout: its strongest channel, and the strongest of key rotations."""
    told = []
    for population, by in (("talkers", "of a person"), ("rotators", "of a person who rotated a session key")):
        rows = [row for row in layout.rows if row.channel.population == population and row.standing != "told"]
        if rows:
            row = max(rows, key=lambda each: each.success.point if each.count else -1.0)
            told.append(_sentence(row, by))
    return f"A holder of one copy of {layout.name} names first a real contact {'; '.join(told)}."


def _sentence(row: Row, of: str) -> str:
    low, high = row.success.worlds
    return (
        f"{of} with probability {number(row.success.point)} (worlds {number(low)} to {number(high)}) by "
        f"{row.channel.title}, by popularity {number(row.popular.point)}, by chance {number(row.chance)}"
    )


def declared(row: Row) -> str:
    """What is declared of a channel, and whether it holds."""
    if row.channel.margin is None:
        return "not bounded"
    words = {"within": "within", "above": "above", "open": "undecided"}
    shown = [bound for bound in row.bounds if bound.standing == row.standing]
    return f"{words[row.standing]} " + ", ".join(f"+ {number(bound.margin)} of {bound.of}" for bound in shown)


def why_more(layout: LayoutResult) -> tuple[str, ...]:
    """Why more is declared of some channels than of others, a sentence a reason."""
    by_reason: dict[str, list[str]] = {}
    for row in layout.rows:
        if row.channel.reason and row.bounds:
            by_reason.setdefault(row.channel.reason, []).append(row.channel.slug)
    return tuple(f"More is declared of {', '.join(slugs)}: {reason}." for reason, slugs in by_reason.items())


def locks(layout: LayoutResult) -> str | None:
    """One sentence about who is still named by the rows of people and devices."""
    if layout.old_locks is None:
        return None
    return (
        "No row of a person or a device names a locker from before the last settle."
        if not layout.old_locks
        else f"{layout.old_locks:,} rows of people and devices name a locker from before the last settle."
    )
