"""Runs an audit: reads the database once, in one read-only snapshot, and asks every check about it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nosender import __version__
from nosender.errors import UsageError, did_you_mean
from nosender.privacy_audit.check import Answer, Loaded
from nosender.privacy_audit.every_node import (
    OWN_CONNECTION,
    NodeAnswer,
    NodeReading,
    definitions_on,
    read_nodes,
    together,
    with_parts,
    with_shards,
)
from nosender.privacy_audit.finding import Claim, Finding, NotTested, Outcome, Severity, Verdict
from nosender.privacy_audit.platforms import trusted
from nosender.privacy_audit.project_checks import all_checks
from nosender.privacy_audit.questions.schemas import Unaccounted, unaccounted
from nosender.privacy_audit.reading import LOCK_MILLISECONDS, Reading, read_snapshot
from nosender.privacy_audit.result.audit import (
    Audit,
    AuditedDatabase,
    AuditedNode,
    CheckResult,
    ClaimResult,
    Decided,
    ExcusedSchema,
    Run,
    Trust,
    WaiverResult,
    worst_first,
)
from nosender.privacy_audit.result.coverage import coverage_of
from nosender.privacy_audit.result.limits import limits_of, limits_of_trust
from nosender.privacy_audit.result.make_annex import annex_of
from nosender.privacy_audit.result.object_hashes import definitions
from nosender.privacy_audit.result.waivers import apply
from nosender.privacy_audit.result.waivers import read as read_waivers
from nosender.privacy_audit.snapshot.nodes import unseen_nodes
from nosender.privacy_audit.snapshot.object_names import without_numbers
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.privacy_audit.standards import citations
from nosender.project import Project
from nosender.schema.catalogue.digest import digest
from nosender.schema.observe.turned import values_of
from nosender.server.still_tables import hold_still

if TYPE_CHECKING:
    from nosender.project.frozen import Frozen
    from nosender.schema.catalogue.model import Catalogue
    from nosender.server.target import Target


@dataclass(frozen=True, slots=True)
class Options:
    """How to audit; the defaults audit everything against what belongs to this program."""

    checks: tuple[str, ...] = ()
    """Only these, by slug; none is all of them."""
    fail_on: Severity = Severity.MEDIUM
    lock_timeout: int = LOCK_MILLISECONDS
    """Milliseconds to wait for a table that somebody holds under an exclusive lock."""
    waivers: Path | None = None
    """A file of findings that somebody signed for."""
    project: Project = field(default_factory=Project)
    """Whose tables are declared beside ours, and whose schemas are excused by name."""
    frozen: Frozen | None = None
    """What the project's objects look like, where that is not to be read from its file."""
    challenge: str | None = None
    """A reviewer's own word, for the report."""
    nodes: Mapping[str, Target] | None = None
    """Connections to the other servers of a distributed database, by their numbers; None looks at one."""
    command: str = "nosender audit run"
    """What the user typed, for the report."""


def run(target: Target, options: Options | None = None) -> Audit:
    """Audit the schema of `target`.

    Raises UsageError for a check that does not exist or a catalogue that is not right, IncompleteError when
    the catalogs cannot be read whole, NosenderError when there is no connection.
    """
    from nosender.project.declared import catalogue_of, frozen_of

    options = options or Options()
    checks = chosen(options.checks, options.project)
    if options.waivers is not None:  # a file that is not right is told before the database is read
        read_waivers(options.waivers, all_checks(options.project), datetime.now(UTC).date())
    catalogue = catalogue_of(options.project)
    frozen = options.frozen or frozen_of(options.project, target.schema)
    started = datetime.now(UTC)
    with target.connect("nosender audit", reading=True) as connection:
        hold_still(connection, target.schema)
        reading = read_snapshot(
            connection, target.schema, catalogue, started, options.lock_timeout, frozen=frozen, target=target
        )
    nodes = None
    if options.nodes is not None:
        nodes = read_nodes(reading, options.nodes, catalogue, frozen, options.lock_timeout)
        reading = with_parts(reading, nodes)
    return judge(reading, checks, options, nodes)


def chosen(slugs: Iterable[str], project: Project | None = None) -> tuple[Loaded, ...]:
    """The checks of these slugs, or all, a project's too; UsageError for one that does not exist."""
    wanted, every = set(slugs), all_checks(project or Project())
    known = {loaded.check.slug for loaded in every}
    if wanted - known:
        unknown = min(wanted - known)
        near = did_you_mean(unknown, known)
        raise UsageError(f"there is no check {unknown!r}; `nosender audit list` names them all.{near}")
    return tuple(each for each in every if not wanted or each.check.slug in wanted)


def judge(
    reading: Reading,
    checks: tuple[Loaded, ...],
    options: Options,
    nodes: tuple[NodeReading, ...] | None = None,
) -> Audit:
    """Ask every check about the snapshot, and put the answers together, with those of other nodes."""
    wanted = options.project.retention
    snapshot = replace(reading.snapshot, wanted=wanted.values if wanted is not None else None)
    today = reading.started.astimezone(UTC).date()
    results, findings, trust = _of_snapshot(checks, snapshot, options, today)
    answers = _of_nodes(checks, nodes or (), options, today)
    results, findings = together(results, findings, answers)
    described = {
        **definitions(snapshot.live, {each.object for each in findings}),
        **definitions_on(answers, findings),
    }
    waivers: tuple[WaiverResult, ...] = ()
    if options.waivers is not None:
        signed = read_waivers(options.waivers, all_checks(options.project), today)
        applied = apply(signed, results, findings, described, today, complete=not options.checks)
        results, findings, waivers = list(applied.results), list(applied.findings), applied.waivers
    findings = _told_apart(findings, described, checks, snapshot.catalogue)
    cited = citations()
    results = [replace(each, standards=cited.get(each.check.slug, ())) for each in results]
    decided = _decided(reading, checks, options, nodes or ())
    partial = {
        each.check.claim for each in all_checks(options.project) if each.check.slug in decided.checks_left_out
    }
    whole = not (decided.schemas_unaccounted or decided.not_ours or decided.nodes_unseen) and (
        trust is None or trust.whole
    )
    claims = tuple(
        _trusting(
            claim_result(claim, results, findings, options.fail_on, whole=whole and claim not in partial),
            trust,
        )
        for claim in Claim
    )
    return Audit(
        verdict=verdict_of(results, findings, options.fail_on, whole=whole and not partial),
        run=_run(reading, options),
        target=_database(
            reading, _project(options.project, snapshot.catalogue), _audited(nodes or (), answers, options)
        ),
        claims=claims,
        checks=tuple(results),
        findings=worst_first(findings),
        coverage=coverage_of(snapshot),
        waivers=waivers,
        limits=(*limits_of(snapshot), *limits_of_trust(trust)),
        fail_on=options.fail_on,
        decided=decided,
        annex=annex_of(snapshot, checks, findings),
        trust=trust,
    )


def _run(reading: Reading, options: Options) -> Run:
    """What differs from run to run."""
    return Run(
        id=str(uuid.uuid4()),
        started=_stamp(reading.started),
        finished=_stamp(datetime.now(UTC)),
        tool=f"nosender {__version__}",
        command=options.command,
        role=reading.role,
        snapshot=reading.snapshot.surroundings.snapshot,
        measured=reading.measured,
    )


def _of_snapshot(
    checks: tuple[Loaded, ...], snapshot: Snapshot, options: Options, today: date
) -> tuple[list[CheckResult], list[Finding], Trust | None]:
    """What the checks say of one server, with what its platform explains taken out."""
    results, findings = _ask_all(checks, snapshot)
    placed = trusted.apply(snapshot, options.project.platform, results, findings, today)
    return placed.results, with_shards(placed.findings, snapshot.live.distribution), placed.trust


def _of_nodes(
    checks: tuple[Loaded, ...], nodes: tuple[NodeReading, ...], options: Options, today: date
) -> list[NodeAnswer]:
    """The same of each other node that was read."""
    answers = []
    for each in nodes:
        if each.reading is not None:
            snapshot = each.reading.snapshot
            results, findings, _ = _of_snapshot(checks, snapshot, options, today)
            described = definitions(snapshot.live, {one.object for one in findings})
            answers.append(NodeAnswer(each.node, results, findings, described))
    return answers


def _audited(
    nodes: tuple[NodeReading, ...], answers: list[NodeAnswer], options: Options
) -> tuple[AuditedNode, ...]:
    """What a report says of each node."""
    failed = {
        answer.node for answer in answers if any(each.gates(options.fail_on) for each in answer.findings)
    }
    return tuple(
        AuditedNode(
            node=each.node.name,
            address=f"{each.node.host}:{each.node.port}",
            server=each.reading.server if each.reading else None,
            transport=OWN_CONNECTION if each.reading else None,
            fingerprint=_fingerprint(each.reading.snapshot) if each.reading else None,
            verdict="incomplete" if each.reading is None else "fail" if each.node in failed else "pass",
            why=each.why or None,
        )
        for each in nodes
    )


def _told_apart(
    findings: list[Finding], described: Mapping[str, str], checks: tuple[Loaded, ...], catalogue: Catalogue
) -> list[Finding]:
    """The findings, each with the definition of its object, whose that is, and whose the check is."""
    owners = owned(catalogue)
    checked = {each.check.slug: {"check_of": each.check.whose} for each in checks if each.check.whose}
    return [
        replace(
            each,
            facts={**each.facts, **_more(each.object, described, owners), **checked.get(each.check, {})},
        )
        for each in findings
    ]


def _database(
    reading: Reading, project: dict[str, Any] | None, nodes: tuple[AuditedNode, ...]
) -> AuditedDatabase:
    """Which database was looked at, and what was declared of it."""
    snapshot = reading.snapshot
    return AuditedDatabase(
        database=snapshot.live.database.name,
        server=reading.server,
        schema=snapshot.schema,
        revision=reading.revision,
        fingerprint=_fingerprint(snapshot),
        cluster={**snapshot.surroundings.cluster, "address": reading.address},
        catalogue=digest() if project is None else _both(digest(), project["sha256"]),
        core=digest(),
        shipped=project is None,
        nodes=nodes,
        project=project,
    )


def _trusting(claim: ClaimResult, trust: Trust | None) -> ClaimResult:
    """The answer with those whom it trusts."""
    parties = () if trust is None else trust.parties
    return replace(claim, trusted=tuple(each.phrase for each in parties if claim.claim.value in each.claims))


def owned(catalogue: Catalogue) -> dict[str, str]:
    """The project's tables and functions by name, and what the project is called."""
    owners = {each.name: each.whose for each in catalogue.tables}
    owners |= {each.name: each.whose for each in catalogue.functions}
    return {name: whose for name, whose in owners.items() if whose is not None}


def _more(name: str, described: Mapping[str, str], owners: Mapping[str, str]) -> dict[str, str]:
    """What a finding says of its object besides: its definition, and whose it is where it is not ours."""
    more = {"definition": described[name]} if name in described else {}
    first, _, rest = name.partition("(")[0].partition(".")
    part = rest.partition(".")[0]
    whose = owners.get(f"{first}.{part}", owners.get(part))
    return {**more, "whose": whose} if whose is not None else more


def ask(loaded: Loaded, snapshot: Snapshot) -> tuple[CheckResult, list[Finding]]:
    """One check about one snapshot. Whatever goes wrong in it is an outcome, never a pass."""
    check = loaded.check
    try:
        answer = loaded.look(snapshot)
    except NotTested as reason:
        return CheckResult(check, Outcome.NOT_TESTED, str(reason), 0), []
    except (Exception, SystemExit) as error:  # a check that falls over must not take the others along
        return CheckResult(check, Outcome.ERROR, f"the check failed with {type(error).__name__}", 0), []
    findings = _findings(loaded, answer)
    if findings:
        outcome = Outcome.FAIL
    elif answer.unseen is not None:
        outcome = Outcome.NOT_TESTED
    else:
        outcome = Outcome.PASS
    return CheckResult(check, outcome, answer.unseen, answer.examined, samples=answer.samples), findings


def _findings(loaded: Loaded, answer: Answer) -> list[Finding]:
    """The findings of one answer, one an object, without the phone numbers that a name may hold."""
    check = loaded.check
    found: dict[str, Finding] = {}
    for each in answer.found:
        name = without_numbers(each.object)
        found.setdefault(
            name,
            Finding(
                check=check.slug,
                object=name,
                kind=each.kind,
                detail=without_numbers(each.detail),
                severity=each.severity or check.severity,
                confidence=check.confidence,
                remedy=check.remedy,
                facts={
                    key: without_numbers(value) if isinstance(value, str) else value
                    for key, value in each.facts.items()
                },
            ),
        )
    return list(found.values())


def verdict_of(
    results: list[CheckResult], findings: list[Finding], level: Severity, *, whole: bool = True
) -> Verdict:
    """Fail on any finding that decides; incomplete where anything was not looked at; else pass."""
    if any(finding.gates(level) for finding in findings):
        return Verdict.FAIL
    untested = {Outcome.NOT_TESTED, Outcome.ERROR}
    if (
        not whole
        or not results
        or any(
            (result.outcome in untested or result.reason is not None) and not result.accepted
            for result in results
        )
    ):
        return Verdict.INCOMPLETE
    return Verdict.PASS


def _ask_all(checks: tuple[Loaded, ...], snapshot: Snapshot) -> tuple[list[CheckResult], list[Finding]]:
    """Every check about the snapshot; none where nothing is ours, for then the answer is one sentence."""
    if not snapshot.has_ours:
        reason = f"schema {snapshot.schema} holds none of our tables"
        return [CheckResult(each.check, Outcome.NOT_TESTED, reason, 0) for each in checks], []
    results: list[CheckResult] = []
    findings: list[Finding] = []
    for loaded in checks:
        result, found = ask(loaded, snapshot)
        results.append(result)
        findings += found
    return results, findings


def _project(project: Project, catalogue: Catalogue) -> dict[str, Any] | None:
    """What a report says of the project whose tables were declared; None where there is none."""
    from nosender.project.declared import digest_of

    found = digest_of(project)
    if found is None:
        return None
    tables = [table.name for table in catalogue.tables if table.whose is not None]
    return {"name": project.name, "tables": tables, "sha256": found}


def _both(core: str, project: str) -> str:
    """One digest for two."""
    return f"sha256:{hashlib.sha256(f'{core} {project}'.encode()).hexdigest()}"


def _decided(
    reading: Reading, checks: tuple[Loaded, ...], options: Options, nodes: tuple[NodeReading, ...]
) -> Decided:
    """What the verdict is asked of; an excuse for the schema of our own tables is wrong usage."""
    snapshot, today = reading.snapshot, reading.started.astimezone(UTC).date()
    for each in options.project.schemas:
        if each.name == snapshot.schema:
            raise UsageError(
                f"{each.place}: schema {each.name} is the one that is audited: no excuse covers it."
            )
    asked = {loaded.check.slug for loaded in checks}
    known = {each.name for each in snapshot.live.schemas}
    excused = [each for each in options.project.schemas if each.expires >= today and each.name in known]
    return Decided(
        checks_left_out=tuple(
            sorted(each.check.slug for each in all_checks(options.project) if each.check.slug not in asked)
        ),
        schemas_unaccounted=_unaccounted(snapshot, nodes, [each.name for each in excused]),
        schemas_excused=tuple(
            ExcusedSchema(each.name, each.purpose, each.owner, each.expires.isoformat()) for each in excused
        ),
        waivers_sha256=None
        if options.waivers is None
        else hashlib.sha256(options.waivers.read_bytes()).hexdigest(),
        challenge=options.challenge,
        not_ours=not snapshot.has_ours,
        nothing_stored=snapshot.nothing_stored,
        nodes_unseen=unseen_nodes(snapshot, [each.node for each in nodes if each.reading is not None]),
        knobs=tuple(turned.items()) if (turned := values_of(snapshot.live)) is not None else (),
    )


def _unaccounted(
    snapshot: Snapshot, nodes: tuple[NodeReading, ...], excused: list[str]
) -> tuple[Unaccounted, ...]:
    """The schemas that nobody answers for, of the coordinator and of the other nodes."""
    here = unaccounted(snapshot, excused)
    names = {each.name for each in here}
    there = [
        replace(each, name=f"{each.name} on {one.node.name}")
        for one in nodes
        if one.reading is not None
        for each in unaccounted(one.reading.snapshot, excused)
        if each.name not in names
    ]
    return (*here, *there)


def claim_result(
    claim: Claim,
    results: list[CheckResult],
    findings: list[Finding],
    level: Severity,
    *,
    whole: bool = True,
) -> ClaimResult:
    """The answer to one promise, from the checks that are about it; `whole` where none was left out."""
    mine = [result for result in results if result.check.claim is claim]
    slugs = {result.check.slug for result in mine}
    about = [finding for finding in findings if finding.check in slugs]
    verdict = verdict_of(mine, about, level, whole=whole)
    waived = sum(finding.waived for finding in about) + sum(result.accepted for result in mine)
    return ClaimResult(claim, verdict, tuple(sorted(slugs)), waived)


def _fingerprint(snapshot: Snapshot) -> str:
    """Of the structure alone: who looked, and what that role may not see, is left out."""
    database = replace(snapshot.live.database, reader="", unseen=())
    # a shard's number and place are no structure, and no facts of a database that is not distributed
    spread = snapshot.live.distribution
    if spread is not None:
        spread = replace(spread, shards=(), queued=())
    structure = replace(snapshot.live, database=database, settings=(), distribution=spread)
    digest = hashlib.sha256()
    for name in structure.__dataclass_fields__:
        if (value := getattr(structure, name)) is not None:
            digest.update(f"{name}={value!r}\n".encode())
    return "sha256:" + digest.hexdigest()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
