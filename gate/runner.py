"""Runs the steps, side by side where they do not need each other, and puts one result together."""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nosender import __version__
from nosender.errors import NosenderError, UsageError, did_you_mean
from nosender.gate import attack, live, static
from nosender.gate.change_lines import first_change, place_in_change
from nosender.gate.step import CannotLook, Problem, Step
from nosender.gate.workplace import ROOMS, SCHEMA, WAIVERS, Workplace
from nosender.privacy_audit.finding import Claim, Finding, Outcome, Severity
from nosender.privacy_audit.result.annex import SourceLine
from nosender.privacy_audit.result.audit import Audit, AuditedDatabase, CheckResult, Run, worst_first
from nosender.privacy_audit.runner import claim_result, verdict_of

if TYPE_CHECKING:
    from nosender.gate.checkout import Checkout

STEPS = (
    Step(
        "sql-style",
        "The SQL that changed reads like the SQL around it.",
        "Run sqlfluff fix on the file, or write the line as the message says.",
        static.sql_style,
        severity=Severity.MEDIUM,
        fast=True,
    ),
    Step(
        "revisions-sound",
        "The revisions form one chain, and each can be run alone and taken back.",
        "Correct the revision as the sentence says.",
        static.revisions_sound,
        fast=True,
    ),
    Step(
        "revisions-unchanged",
        "No revision differs from what databases were migrated with.",
        "Put the old text back and write a revision of its own for what is to change.",
        static.revisions_unchanged,
        fast=True,
    ),
    Step(
        "catalogue-sound",
        "The catalogue and the waivers can be read and leave nothing open.",
        "Correct the line as the sentence says.",
        static.catalogue_sound,
        fast=True,
    ),
    Step(
        "standards-sound",
        "Every standard can be read and cites checks that exist.",
        "Name a check that nosender audit list names.",
        static.standards_sound,
        fast=True,
    ),
    Step(
        "generated-fresh",
        "What is made from the catalogue is as it would be made now.",
        "Run make generate and commit what it changes.",
        static.generated_fresh,
        severity=Severity.MEDIUM,
        fast=True,
    ),
    Step(
        "ddl-equals-migrations",
        "The revisions end in exactly what the DDL makes.",
        "Write the revision that the change of the DDL needs, or the DDL that the revision needs.",
        live.ddl_equals_migrations,
    ),
    Step(
        "reference-fresh",
        "The audit knows the schema that the DDL makes.",
        "Run make generate and commit what it changes.",
        live.reference_fresh,
    ),
    Step(
        "up-down-up",
        "Each revision can be taken back and applied again, with the same result.",
        "Write the downgrade so that it takes back all that the upgrade does.",
        live.up_down_up,
    ),
    Step(
        "locks-brief",
        "No new revision keeps a database at work waiting.",
        "Build it beside the traffic (CONCURRENTLY, NOT VALID and VALIDATE) in a revision of steps.",
        live.locks_brief,
    ),
    Step(
        "catalogue-complete",
        "Every table, column and function is declared, and nothing else is.",
        "Declare it in schema/catalogue with its purpose, class, resolution and retention.",
        live.catalogue_complete,
    ),
    Step(
        "names-nobody",
        "What rows reveal stayed as little: they settle, and settled ones keep no order.",
        "Draw ids at random, and let the sweep settle what the function writes; see docs/linkability.md.",
        attack.names_nobody,
    ),
    Step(
        "reviewer-must-see",
        "What the change asks a reviewer to accept, in plain sentences.",
        "Nothing to correct: have a privacy reviewer agree to it.",
        static.must_be_seen,
        severity=Severity.MEDIUM,
        fast=True,
    ),
)

AUDIT = "audit"
"""The last step, which is the audit itself with all of its checks."""

NAMES = (*(step.slug for step in STEPS), AUDIT)
FAST = tuple(step.slug for step in STEPS if step.fast)

SKIPPED = "skipped on request"

THREADS = "nosender-gate"
"""How the threads of the steps are called; one that never ends keeps a process from ending."""


@dataclass(frozen=True, slots=True)
class Options:
    """What of the gate to run."""

    only: tuple[str, ...] = ()
    """These steps and no others; none is all of them."""
    skip: tuple[str, ...] = ()
    """Not these; a step that is not run is shown, and the gate is incomplete."""
    fail_on: Severity = Severity.MEDIUM
    server: str | None = None
    """Conninfo of a server to make scratch databases on; None starts the embedded one."""
    timeout: int = 300
    """Seconds after which a step is given up; a statement after a quarter of them."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of one step."""

    results: tuple[CheckResult, ...]
    """One; the audit has one for each of its checks."""
    findings: tuple[Finding, ...] = ()
    places: tuple[tuple[str, SourceLine], ...] = ()
    """The line of each object that was found."""
    audit: Audit | None = None


Progress = Callable[[str, Outcome, float], None]
"""Called as each step ends: its name, what became of it, its seconds."""


def touches_schema(workplace: Workplace) -> bool:
    """Whether the change has anything to do with the schema; without a base everything has."""
    return any(path.is_relative_to(room) for path in workplace.changed for room in ROOMS)


def untouched(steps: Iterable[Step] = STEPS, file: str = "pyproject.toml") -> Audit:
    """The answer about a change that touches nothing of the schema: each step passes, 0 examined."""
    ran = [Ran((CheckResult(step.check(), Outcome.PASS, None, 0),)) for step in (*steps, AUDIT_STEP)]
    return together(ran, datetime.now(UTC), Options(), SourceLine(file, 1))


def run(checkout: Checkout, options: Options, progress: Progress) -> Audit:
    """Run the gate. UsageError names a step that does not exist."""
    chosen = chosen_of(NAMES, options)
    started = datetime.now(UTC)
    ran: dict[str, Ran] = {}
    if not set(chosen) <= set(FAST):
        # Its modules import one another in a circle, which fails where two threads begin it at once.
        import alembic.command  # noqa: F401
    pool = ThreadPoolExecutor(max_workers=3, thread_name_prefix=THREADS)
    with Workplace(checkout, options.server, options.timeout) as workplace:

        def timed(name: str, work: Callable[[], Ran]) -> None:
            begun = time.monotonic()
            result = work()
            ran[name] = result
            progress(name, worst(result.results), time.monotonic() - begun)

        blind = _place_of_change(workplace)
        jobs = [
            pool.submit(timed, step.slug, lambda step=step: run_step(step, workplace))  # type: ignore[misc]
            for step in STEPS
            if step.slug in chosen
        ]
        if AUDIT in chosen:
            jobs.append(pool.submit(timed, AUDIT, lambda: _run_audit(workplace)))
        try:
            ended, _ = wait(jobs, options.timeout)
            for job in ended:
                job.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        ran = dict(ran)  # a step that ends after this is too late
    for step in (*STEPS, AUDIT_STEP):
        if step.slug not in ran:
            late = f"it did not end within {options.timeout} seconds"
            outcome, reason = (Outcome.ERROR, late) if step.slug in chosen else (Outcome.NOT_TESTED, SKIPPED)
            ran[step.slug] = Ran((CheckResult(step.check(), outcome, reason, 0),))
    return together([ran[name] for name in NAMES], started, options, blind)


def chosen_of(names: tuple[str, ...], options: Options) -> list[str]:
    """The steps that are to run; UsageError for one that does not exist."""
    for name in (*options.only, *options.skip):
        if name not in names:
            near = did_you_mean(name, names)
            raise UsageError(f"there is no step {name}; the steps are {', '.join(names)}.{near}")
    return [name for name in names if name not in options.skip and (not options.only or name in options.only)]


def run_step(step: Step, workplace: Any) -> Ran:
    """One step; whatever goes wrong in it is an outcome, never a pass."""
    check = step.check()
    problems: list[Problem] = []
    outcome, reason = Outcome.PASS, None
    try:
        problems = list(step.problems(workplace))
    except CannotLook as cannot:
        outcome, reason = Outcome.NOT_TESTED, str(cannot)
    except NosenderError as error:
        outcome, reason = Outcome.ERROR, str(error)
    except UnicodeDecodeError:
        outcome, reason = Outcome.ERROR, "a file that it reads is not text in UTF-8"
    except Exception as error:
        outcome, reason = Outcome.ERROR, f"the step failed with {without_values(error)}"
    named = list(zip(_told_apart(problem.object for problem in problems), problems, strict=True))
    findings = tuple(
        Finding(
            check=step.slug,
            object=name,
            kind=problem.kind,
            detail=problem.detail,
            severity=problem.severity or step.severity,
            confidence=problem.confidence or check.confidence,
            remedy=problem.remedy or step.remedy,
            facts=problem.facts,
        )
        for name, problem in named
    )
    if findings:
        outcome = Outcome.FAIL
    places = tuple((name, SourceLine(str(each.path), each.line)) for name, each in named)
    return Ran((CheckResult(check, outcome, reason, len(problems)),), findings, places)


def _told_apart(names: Iterable[str]) -> list[str]:
    """The names, numbered where one comes again: a finding is recognised by its step and its object."""
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return told


def _run_audit(workplace: Workplace) -> Ran:
    try:
        audit = live.audit_of_migrated(workplace)
    except Exception as error:
        reason = str(error) if isinstance(error, NosenderError) else without_values(error)
        result = CheckResult(AUDIT_STEP.check(), Outcome.ERROR, f"the audit failed: {reason}", 0)
        return Ran((result,))
    places = dict(audit.annex.places)
    for finding in audit.findings:
        if finding.kind == "waiver":  # its object begins with its place
            line = re.match(rf"{WAIVERS}:(\d+)", finding.object)
            places[finding.object] = SourceLine(str(WAIVERS), int(line[1]) if line else 1)
            continue
        about = f"{finding.kind} {finding.detail}"
        if (found := place_in_change(workplace, finding.object, about)) is not None:
            places[finding.object] = SourceLine(str(found[0]), found[1])
    return Ran(audit.checks, audit.findings, tuple(places.items()), audit)


def without_values(error: Exception) -> str:
    """What failed, without the text: a database's error can carry a row."""
    state = getattr(error, "sqlstate", None)
    return type(error).__name__ + (f" (SQLSTATE {state})" if state else "")


def worst(results: Iterable[CheckResult]) -> Outcome:
    """The outcome that matters most of several."""
    order = (Outcome.ERROR, Outcome.FAIL, Outcome.NOT_TESTED, Outcome.WAIVED, Outcome.PASS)
    outcomes = {result.outcome for result in results}
    return next(outcome for outcome in order if outcome in outcomes)


def _place_of_change(workplace: Workplace) -> SourceLine:
    """The first line that the change touches, to show what could not look at."""
    for path in workplace.changed:
        if any(path.is_relative_to(room) for room in ROOMS) and (workplace.checkout.root / path).is_file():
            return SourceLine(str(path), first_change(workplace, path))
    return SourceLine("pyproject.toml", 1)


def together(
    ran: list[Ran], started: datetime, options: Options, blind: SourceLine, names: Iterable[str] = NAMES
) -> Audit:
    """One result of all the steps, as every report knows it; what could not look is shown at `blind`."""
    results = tuple(result for each in ran for result in each.results)
    findings = [finding for each in ran for finding in each.findings]
    # The steps come first, and their lines are those of the change.
    places: dict[str, SourceLine] = dict.fromkeys(names, blind)
    for each in ran:
        for name, place in each.places:
            places.setdefault(name, place)
    audit = next((each.audit for each in ran if each.audit is not None), None) or _EMPTY
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    return replace(
        audit,
        verdict=verdict_of(list(results), findings, options.fail_on),
        run=replace(
            audit.run,
            id=str(uuid.uuid4()),
            started=started.strftime(stamp),
            finished=datetime.now(UTC).strftime(stamp),
            command="nosender gate",
        ),
        target=replace(audit.target, database="scratch"),
        claims=tuple(
            answer
            for claim in Claim
            if (answer := claim_result(claim, list(results), findings, options.fail_on)).checks
        ),
        checks=results,
        findings=worst_first(findings),
        fail_on=options.fail_on,
        annex=replace(audit.annex, places=places),
    )


AUDIT_STEP = Step(
    AUDIT,
    "The audit of what the revisions make passes.",
    "See the findings of the audit.",
    lambda _workplace: (),
)

# What a gate has to show that did not run the audit.
_EMPTY = Audit(
    verdict=verdict_of([], [], Severity.MEDIUM),
    run=Run("", "", "", f"nosender {__version__}", "", "", "", {}),
    target=AuditedDatabase("no database", "none", SCHEMA, None, ""),
    claims=(),
    checks=(),
    findings=(),
    coverage={},
    waivers=(),
    limits=("The audit of the migrated schema was not part of this run.",),
    fail_on=Severity.MEDIUM,
)
