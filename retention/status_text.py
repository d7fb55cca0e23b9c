"""The plan and the status as text and as JSON: pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from nosender.retention.ledger import Verdict
from nosender.retention.plan import Plan, Rule
from nosender.retention.status import NodeStatus, Overdue, Run, Status
from nosender.retention.unsettled import Unsettled
from nosender.schema.knobs import Knobs, in_words
from nosender.terminal_text import PIPE, Paragraph, Terminal, rendered, visible

if TYPE_CHECKING:
    from rich.console import RenderableType


def plan_text(plan: Plan, status: Status, unsettled: Sequence[Unsettled], shown_on: Terminal = PIPE) -> str:
    """One paragraph a table: what goes by which column, what is due now; then what is to settle."""
    due = {each.table: each for each in status.overdue}
    parts = [Paragraph(f"policy sha256:{plan.hash}"), Paragraph("")]
    for rule in plan.rules:
        parts += [
            Paragraph(visible(rule.table), style="bold"),
            Paragraph(visible(_in_words(rule, plan.knobs)), "  "),
        ]
        if rule.table in due:
            parts.append(Paragraph(_due(due[rule.table]), "  "))
    parts.append(Paragraph("knobs", style="bold"))
    parts += [Paragraph(f"{name}: {value}", "  ") for name, value in plan.knobs.items()]
    parts.append(Paragraph("to settle", style="bold"))
    parts += [Paragraph(visible(line), "  ") for line in _to_settle(unsettled)]
    return rendered(*parts, shown_on=shown_on)


def _to_settle(unsettled: Sequence[Unsettled]) -> list[str]:
    if not unsettled:
        return ["nothing until the next full hour"]
    lines = [f"{each.rows:,} rows of {each.table}" for each in unsettled]
    wal, room = sum(each.wal for each in unsettled), sum(each.bytes for each in unsettled)
    seconds, fast = sum(each.seconds for each in unsettled), sum(each.fast_seconds for each in unsettled)
    return [
        *lines,
        f"about {wal / 1e6:,.1f} MB of WAL beside full-page images, {room / 1e6:,.1f} MB of room until a "
        f"vacuum, {seconds / 60:,.1f} minutes, {fast / 60:,.1f} with --fast",
    ]


def plan_json(plan: Plan, status: Status, unsettled: Sequence[Unsettled]) -> str:
    """The same for a program."""
    due = {each.table: each for each in status.overdue}
    tables = []
    for rule in plan.rules:
        entry = asdict(rule)
        entry["max_age"] = int(rule.max_age.total_seconds()) if rule.max_age is not None else None
        found = due.get(rule.table)
        entry["overdue"] = asdict(found) if found is not None else None
        tables.append(entry)
    answer = {
        "format": "nosender.retention-plan/1",
        "policy": f"sha256:{plan.hash}",
        "knobs": dict(plan.knobs.items()),
        "tables": tables,
        "to_settle": [asdict(each) for each in unsettled],
    }
    return json.dumps(answer, indent=2) + "\n"


def status_text(status: Status, shown_on: Terminal = PIPE) -> str:
    """A table of what is due, and a few lines, for a person."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for each in status.overdue:
        table.add_row(Text(f"{visible(each.table)}:"), Text(_due(each)))
    parts: list[RenderableType] = [table, Text()]
    last = status.runs[0] if status.runs else None
    parts.append(Paragraph(f"last sweep: {_run(last) if last else 'never'}", further="  "))
    if last is not None and last.status != "done":
        done = _run(status.last_done) if status.last_done else "never"
        parts.append(Paragraph(f"last done:  {done}", further="  "))
    parts += [
        Paragraph(
            f"held back: {visible(holder.kind)} {visible(holder.name)} has kept deleted rows for "
            f"{holder.transactions} transactions",
            further="  ",
        )
        for holder in status.holders
    ]
    parts += [Paragraph(visible(_node(each)), further="  ") for each in status.nodes]
    if status.knobs:
        turned = ", ".join(f"{name} {value}" for name, value in status.knobs.items())
        parts.append(Paragraph(f"knobs:      {visible(turned)}", further="  "))
    if not status.holders_complete:
        parts.append(Paragraph("held back: not every session is visible to the owner of the functions"))
    return rendered(*parts, shown_on=shown_on)


def _node(node: NodeStatus) -> str:
    """One line: what is due there, what is to settle, and what no sweep reaches."""
    name = "coordinator" if node.node == "0" else f"node {node.node}"
    if node.why is not None:
        return f"{name}: not looked at: {node.why}"
    due = [f"{_due(each)} in {each.table}" for each in node.overdue if each.due]
    settles = sum(each.rows for each in node.unsettled)
    told = [", ".join(due) or "nothing due", f"{settles:,} rows to settle" if settles else "settled"]
    if node.copies:
        told.append(f"old copies, which no sweep reaches: {', '.join(node.copies)}")
    return f"{name}: {'; '.join(told)}"


def status_json(status: Status) -> str:
    """The same for a program."""
    return json.dumps({"format": "nosender.retention-status/1", **asdict(status)}, indent=2) + "\n"


def verdict_text(verdict: Verdict) -> str:
    """The problems, or that there are none; then where the ledger ends, for the next time."""
    lines = list(verdict.problems + verdict.unseen) or ["the chain holds"]
    lines.append(f"{verdict.rows} rows, {verdict.runs} runs, {verdict.unfinished} of them without an end")
    lines += [f"ends at row {verdict.head.length}", f"sha256:{verdict.head.hash}"]
    return "\n".join(lines) + "\n"


def verdict_json(verdict: Verdict) -> str:
    """The same for a program, and for --since."""
    answer = {
        "format": "nosender.retention-verify/1",
        "verdict": "fail" if verdict.problems else "incomplete" if verdict.unseen else "pass",
        "problems": list(verdict.problems),
        "unseen": list(verdict.unseen),
        "rows": verdict.rows,
        "runs": verdict.runs,
        "unfinished": verdict.unfinished,
        "ledger": {"length": verdict.head.length, "head": f"sha256:{verdict.head.hash}"},
    }
    return json.dumps(answer, indent=2) + "\n"


def _in_words(rule: Rule, knobs: Knobs) -> str:
    parts = []
    if rule.expires_column is not None:
        verb = "delete" if rule.action == "delete" else f"set {rule.flag} to false"
        parts.append(f"{verb} once {rule.expires_column} has passed")
    if rule.at_once is not None:
        parts.append(f"delete at once where {rule.at_once}")
    if rule.max_age is not None:
        parts.append(f"delete {in_words(rule.max_age)} after {rule.max_age_column}")
    if rule.table == "messages" and knobs.history is not None:
        parts.append(f"delete one delivered everywhere {in_words(knobs.history)} after created_at")
    if rule.children:
        parts.append(f"with it go its rows of {', '.join(rule.children)}")
    return "; ".join(parts)


def _due(overdue: Overdue) -> str:
    if not overdue.due:
        return "nothing due"
    count = f"{overdue.due} due"
    if overdue.more:
        count = f"more than {overdue.due} due (about {overdue.estimate})"
    return count if overdue.oldest is None else f"{count}, the oldest since {overdue.oldest}"


def _run(run: Run) -> str:
    word = run.status if run.error_class is None else f"{run.status} ({run.error_class})"
    return (
        f"{word}, started {run.started}, {run.seconds:.1f} s: {run.deleted} deleted, "
        f"{run.children} with them, {run.deactivated} marked inactive"
    )
