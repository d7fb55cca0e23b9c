"""A plan as JSON for a program and as text for a person."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nosender.migrations.plan_file import FORMAT
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.migrations.plan import Plan, Planned, RevisionPlan


def as_json(plan: Plan) -> str:
    """The plan for a program, form nosender.plan/1."""
    document: dict[str, Any] = {"format": FORMAT, **asdict(plan)}
    theirs = (document["project"] or {}).get("revisions", ())
    for revision in (*document["revisions"], *theirs):
        for statement in revision["statements"]:
            statement.update(statement.pop("seen"))
            del statement["revision"]
    return json.dumps(document, indent=2) + "\n"


def as_text(plan: Plan) -> str:
    """The plan for a person."""
    theirs = plan.project.revisions if plan.project is not None else ()
    if not plan.revisions and plan.knobs is None and not theirs:
        return f"at {plan.start or 'base'}, nothing to do\n"
    lines = [f"{plan.start or 'base'} to {plan.goal or 'base'} in schema {visible(plan.schema)}"]
    lines += [f"! db upgrade would refuse: {visible(reason)}" for reason in plan.refused]
    if plan.revoked:
        roles = visible(", ".join(plan.revoked))
        lines.append(f"! default privileges give rights on what is made to {roles}: db upgrade revokes them")
    for revision in plan.revisions:
        lines += _revision(revision)
    if plan.knobs is not None:
        lines += ["", "knobs, as nosender.toml declares them", "  one transaction that locks no table"]
        lines += [f"  {line}" for line in plan.knobs.lines()]
    if plan.project is not None and theirs:
        lines += ["", f"then {visible(plan.project.name)}, from {visible(plan.project.start or 'base')}"]
        for revision in theirs:
            lines += _revision(revision)
    return "\n".join(lines) + "\n"


def _revision(revision: RevisionPlan) -> list[str]:
    """One revision, and of its statements those that keep somebody waiting."""
    how = "one transaction" if revision.transactional else "in steps, outside transactions"
    down = f"{revision.downgrade}: {', '.join(revision.loses)}" if revision.loses else revision.downgrade
    lines = ["", f"{visible(revision.revision)}  {visible(revision.summary)}", f"  {how}; downgrade {down}"]
    quiet = 0
    for planned in revision.statements:
        if not (planned.seen.locks or planned.hazards):
            quiet += 1
            continue
        lines += _statement(planned)
    if quiet:
        lines.append(f"  {quiet} statement{'s' * (quiet > 1)} that lock no existing table")
    return lines


def _statement(planned: Planned) -> list[str]:
    seen = planned.seen
    text = visible(" ".join(seen.sql.split()))
    lines = [f"  {seen.number}. {text[:100]}{'…' if len(text) > 100 else ''}"]
    lines += [f"     {lock.mode} on {visible(lock.relation)}: blocks {lock.blocks}" for lock in seen.locks]
    if not seen.measured:
        lines.append("     (as the manual says: these locks are gone before one can look)")
    lines.append(f"     waits {planned.lock_timeout:g} s at most for a lock, {planned.attempts} times")
    lines += [f"     ! {visible(hazard)}" for hazard in planned.hazards]
    return lines
