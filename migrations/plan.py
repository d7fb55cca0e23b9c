"""`db plan`: what the pending revisions would do, as a rehearsal on a copy of the schema saw it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nosender.errors import IncompleteError, NosenderError, UsageError
from nosender.migrations import journal
from nosender.migrations.apply import Patience, waits_for_snapshots
from nosender.migrations.checksum import sql_tokens
from nosender.migrations.lint import require_sound
from nosender.migrations.rehearsal import Rehearsal, Seen, scratch_copy
from nosender.migrations.revisions import VERSIONS, Chain, Revision
from nosender.server.program_failures import program_cause
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.server.target import Target

FORMAT = "nosender.plan/1"


@dataclass(frozen=True, slots=True)
class Planned:
    """One statement: what the rehearsal saw, and what it cannot see on tables without rows."""

    seen: Seen
    hazards: tuple[str, ...]  # a sentence each
    lock_timeout: float  # seconds; what `db upgrade` would set
    attempts: int


@dataclass(frozen=True, slots=True)
class RevisionPlan:
    """One pending revision."""

    revision: str
    summary: str
    checksum: str
    transactional: bool
    downgrade: str  # lossless, loses data or irreversible
    loses: tuple[str, ...]
    statements: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What `db upgrade` would do to this database as it is now."""

    schema: str
    start: str | None
    goal: str | None
    fingerprint: str  # of the schema as it was; an upgrade by plan refuses another
    revisions: tuple[RevisionPlan, ...]


def make_plan(
    target: Target,
    revision: str = "head",
    *,
    versions: Path = VERSIONS,
    scratch: str | None = None,
    patience: Patience | None = None,
) -> Plan:
    """Rehearse the pending revisions on a scratch copy; the target is only read.

    NosenderError: a revision that PostgreSQL refuses. IncompleteError: a schema that cannot be copied.
    """
    from nosender.migrations.runner import position

    patience = patience or Patience()
    chain = Chain.load(versions)
    require_sound(chain)
    with target.connect("nosender db plan", reading=True) as connection:
        start = journal.current(connection, target.schema)
        connection.rollback()
        fingerprint = fingerprint_of(connection, target.schema)
    goal = chain.resolve(revision, start)
    first, last = position(chain, start), chain.position(goal)
    if last < first:
        raise UsageError(f"the database is at {start}, beyond {goal or 'base'}: a plan only goes up")
    pending = chain.revisions[first:last]
    revisions: list[RevisionPlan] = []
    if pending:
        with scratch_copy(target, scratch) as copy:
            rehearsal = Rehearsal(copy)
            revisions = [_revision(each, rehearsal.run(each), patience) for each in pending]
    return Plan(target.schema, start, goal, fingerprint, tuple(revisions))


def fingerprint_of(connection: Any, schema: str) -> str:
    """A hash of the schema as it is, the same for equal schemas."""
    from nosender.schema.observe import observe, within

    text = within(observe(connection, schema), schema).to_json()
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def require_unchanged(path: Path, connection: Any, schema: str, pending: tuple[Revision, ...]) -> None:
    """Refuse to go by a plan that was made for another schema, or for other revisions."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise UsageError(f"{path} is not a plan of the form {FORMAT}")
        planned = [(each["revision"], each["checksum"]) for each in data["revisions"]]
        fingerprint = data["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} cannot be read as a plan: make one with nosender db plan") from error
    if planned != [(each.revision, each.checksum) for each in pending]:
        raise NosenderError(f"the plan {path} is of other revisions than are pending: make it again")
    if fingerprint != fingerprint_of(connection, schema):
        raise NosenderError(f"the schema has changed since the plan {path} was made: make it again")


def _revision(revision: Revision, seen: list[Seen], patience: Patience) -> RevisionPlan:
    from_linter = _squawk(revision)
    statements = []
    for each in seen:
        concurrent = waits_for_snapshots(each.sql)
        statements.append(
            Planned(
                each,
                (*_hazards(each), *from_linter.get(each.number, [])),
                patience.snapshots if concurrent else patience.lock,
                patience.attempts,
            )
        )
    return RevisionPlan(
        revision.revision,
        revision.summary,
        revision.checksum,
        revision.transactional,
        revision.downgrade_is,
        revision.loses,
        tuple(statements),
    )


# What fails or lasts by what stands in the rows, which a copy without rows cannot show.
_BY_ROWS = (
    (r"\bset not null\b", "fails where a row has no value there"),
    (r"\badd (constraint \S+ )?check\b(?!.*\bnot valid\b)", "fails where a row does not satisfy the check"),
    (
        r"\badd (constraint \S+ )?foreign key\b(?!.*\bnot valid\b)",
        "fails where a row refers to none; NOT VALID first, VALIDATE later, blocks for a shorter time",
    ),
    (r"\bvalidate constraint\b", "fails where a row does not satisfy the constraint"),
    (r"\badd (constraint \S+ )?(unique|primary key|exclude)\b", "fails where two rows conflict"),
    (r"\bcreate unique index\b", "fails where two rows are equal"),
    (r"\balter (column )?\S+ (set data )?type\b", "fails where a value does not fit the new type"),
    (r"^(update|delete)\b", "lasts as long as its rows are many, and keeps them locked to the end"),
    (r"^delete\b", "reaches the tables whose foreign keys refer to the rows, and locks those too"),
    (r"\b(drop (table|column)|truncate)\b", "deletes data"),
    (r"\brename\b", "breaks whoever uses the old name"),
)


def _hazards(seen: Seen) -> list[str]:
    """What a DBA must know of a statement on existing tables."""
    text = " ".join(token.lower() for token in sql_tokens(seen.sql))
    found = []
    if not text.startswith("truncate"):
        found += [f"writes every row of {relation} anew under its lock" for relation in seen.rewrites]
    found += [
        f"reads {relation} from end to end under its lock"
        for relation in seen.scans
        if relation not in seen.rewrites
    ]
    if seen.locks:  # a table that the revision itself makes has no rows
        found += [reason for pattern, reason in _BY_ROWS if re.search(pattern, text)]
    strong = [lock.relation for lock in seen.locks if lock.mode == "ACCESS EXCLUSIVE"]
    if len(strong) > 1:
        found.append(f"locks {len(strong)} tables at once, which invites a deadlock")
    return found


# Off: what our runner does itself, what an empty table cannot suffer from, and matters of taste.
_NOISY = (
    "prefer-robust-stmts", "require-timeout-settings", "require-lock-timeout", "require-statement-timeout",
    "prefer-bigint-over-int", "prefer-bigint-over-smallint", "prefer-identity", "prefer-text-field",
    "prefer-timestamptz", "require-concurrent-index-creation", "constraint-missing-not-valid",
    "adding-foreign-key-constraint", "disallowed-unique-constraint", "ban-drop-column", "ban-drop-table",
    "renaming-column", "renaming-table", "changing-column-type", "adding-not-nullable-field",
)  # fmt: skip


def _squawk(revision: Revision) -> dict[int, list[str]]:
    """What squawk adds, by the number of the statement, where it is installed."""
    beside = Path(sys.executable).parent / "squawk"
    program = str(beside) if beside.exists() else shutil.which("squawk")
    text = revision.sql("up")
    if program is None or not text:
        return {}
    command = [
        program, "--reporter", "json", "--pg-version", "18", "-e", ",".join(_NOISY),
        *(["--assume-in-transaction"] if revision.transactional else []),
        "--stdin-filepath", f"{revision.path.stem}.up.sql",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
        reports = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise IncompleteError(f"squawk could not be run: {error}; uninstall it to plan without") from None
    except ValueError:
        reason = program_cause(done.stderr or done.stdout)
        raise IncompleteError(f"squawk failed: {reason}; uninstall it to plan without") from None
    found: dict[int, list[str]] = {}
    ends = _ends(text)
    for report in reports:
        line = int(report.get("line", 0))
        number = next((n for n, end in enumerate(ends, start=1) if line <= end), len(ends))
        message = f"squawk {report.get('rule_name')}: {' '.join(str(report.get('message', '')).split())}"
        found.setdefault(number, []).append(message)
    return found


def _ends(text: str) -> list[int]:
    """The line, counted from 0, on which each statement of a script ends."""
    from nosender.migrations.rehearsal import statements

    ends, position = [], 0
    for statement in statements(text):
        position = text.index(statement, position) + len(statement)
        ends.append(text.count("\n", 0, position))
    return ends


# ---------------------------------------------------------------------- rendering


def as_json(plan: Plan) -> str:
    """The plan for a program, form nosender.plan/1."""
    document: dict[str, Any] = {"format": FORMAT, **asdict(plan)}
    for revision in document["revisions"]:
        for statement in revision["statements"]:
            statement.update(statement.pop("seen"))
            del statement["revision"]
    return json.dumps(document, indent=2) + "\n"


def as_text(plan: Plan) -> str:
    """The plan for a person."""
    if not plan.revisions:
        return f"at {plan.start or 'base'}, nothing to do\n"
    lines = [f"{plan.start or 'base'} to {plan.goal} in schema {visible(plan.schema)}"]
    for revision in plan.revisions:
        how = "one transaction" if revision.transactional else "in steps, outside transactions"
        down = f"{revision.downgrade}: {', '.join(revision.loses)}" if revision.loses else revision.downgrade
        lines += ["", f"{revision.revision}  {revision.summary}", f"  {how}; downgrade {down}"]
        quiet = 0
        for planned in revision.statements:
            if not (planned.seen.locks or planned.hazards):
                quiet += 1
                continue
            lines += _statement(planned)
        if quiet:
            lines.append(f"  {quiet} statement{'s' * (quiet > 1)} that lock no existing table")
    return "\n".join(lines) + "\n"


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
