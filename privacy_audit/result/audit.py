"""The result of an audit: frozen, complete, and the same for every report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from nosender.privacy_audit.check import Check
from nosender.privacy_audit.finding import Claim, Confidence, Finding, Outcome, Severity, Verdict
from nosender.privacy_audit.questions.schemas import Unaccounted
from nosender.privacy_audit.result.annex import EMPTY, Annex
from nosender.privacy_audit.snapshot.samples import Sample

WaiverState = Literal["applied", "expired", "unused", "void", "broad"]


@dataclass(frozen=True, slots=True)
class Run:
    """What differs from run to run; everything else is the same for the same database and catalogue."""

    id: str
    started: str
    """UTC, ISO 8601, seconds, ending in Z."""
    finished: str
    tool: str
    command: str
    role: str
    """The role that looked."""
    snapshot: str
    measured: Mapping[str, Any]
    """Ages, lag and counts that move with time."""


@dataclass(frozen=True, slots=True)
class AuditedNode:
    """A server beside the coordinator of a distributed database; the fields are those of the JSON report."""

    node: str
    """`node 1`."""
    address: str
    """As the database has it."""
    server: str | None
    """The server's version; None where it was not read."""
    transport: str | None
    """How it was asked."""
    fingerprint: str | None
    verdict: str
    """Of its own findings: pass or fail; incomplete where it was not read."""
    why: str | None
    """Why not."""


@dataclass(frozen=True, slots=True)
class AuditedDatabase:
    """Which database was looked at."""

    database: str
    server: str
    """The server's version: `18.6`."""
    schema: str
    revision: str | None
    """The revision that Alembic recorded; None where there is none or it could not be read."""
    fingerprint: str
    """sha256: of everything the catalogs say."""
    cluster: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Which server: system identifier, timeline, start, primary or standby, the database's OID, the address
    asked. A physical copy has the same system identifier."""
    catalogue: str = ""
    """sha256: of all that was declared."""
    core: str = ""
    """sha256: of our own part of that."""
    shipped: bool = False
    """Whether nothing was declared beside that."""
    nodes: tuple[AuditedNode, ...] = ()
    """The servers beside the coordinator, where every node was to be looked at."""
    project: Mapping[str, Any] | None = None
    """The project whose tables were declared beside ours: name, tables, and sha256: of what it says."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What became of one check."""

    check: Check
    outcome: Outcome
    reason: str | None
    """Why it could not look, or what went wrong in it."""
    examined: int
    standards: tuple[str, ...] = ()
    """The requirements that cite the check."""
    accepted: bool = False
    """Somebody signed for its not being tested here; it stays not-tested."""
    samples: tuple[Sample, ...] = ()
    """How much of each column its probe looked at, and what that finds."""


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """The answer to one promise."""

    claim: Claim
    verdict: Verdict
    checks: tuple[str, ...]
    waived: int = 0
    """Findings of it that somebody signed for, and checks whose not being tested somebody signed for."""
    trusted: tuple[str, ...] = ()
    """Those whom the answer trusts: `Amazon RDS (rdsadmin), who can read everything`."""


@dataclass(frozen=True, slots=True)
class WaiverResult:
    """What became of one waiver; the fields are those of the JSON report, in its order."""

    id: str
    """W1, W2 and so on, in the order of the file."""
    check: str
    object: str | None
    """None where it accepts that the check cannot be tested here."""
    definition: str | None
    """The hash of the object's definition when the waiver was signed."""
    reason: str
    owner: str
    approved_by: str
    created: str
    """A day, ISO 8601."""
    expires: str
    state: WaiverState
    place: str
    """File and line."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of one kind of object: how many there are, and how many are declared or belong to an extension."""

    seen: int
    accounted: int


@dataclass(frozen=True, slots=True)
class ExcusedSchema:
    """A schema that somebody answers for; the fields are those of the JSON report."""

    name: str
    purpose: str
    owner: str
    expires: str
    """A day, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What the verdict was asked of, beside the level: a part is not the whole."""

    checks_left_out: tuple[str, ...] = ()
    """The checks of this program that were not asked, by slug."""
    schemas_unaccounted: tuple[Unaccounted, ...] = ()
    """By name: what this audit says nothing about, though it stands in the same database."""
    schemas_excused: tuple[ExcusedSchema, ...] = ()
    """Those that exist, by name."""
    waivers_sha256: str | None = None
    """Of the file of waivers; None where there was none."""
    challenge: str | None = None
    """A reviewer's own word, which no earlier report can hold."""
    not_ours: bool = False
    """None of our tables stands in the schema, so there is nothing that the promises are about."""
    nothing_stored: bool = False
    """The tables about people and messages hold no byte yet; the verdict is what the structure gives."""
    nodes_unseen: tuple[str, ...] = ()
    """Of a database that Citus distributes: the servers that this audit did not look at, as `node 2`."""
    knobs: tuple[tuple[str, str], ...] = ()
    """What the operator decided about how long things stay: names and values as a person writes them; none
    where the function that holds them is another one."""


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody whom a verdict trusts; the fields are those of the JSON report."""

    name: str
    """`Amazon RDS`, or what the team calls its own."""
    roles: tuple[str, ...]
    can: str
    """`read everything`."""
    claims: tuple[str, ...]
    """The promises that hold but for this party."""

    @property
    def phrase(self) -> str:
        """`Amazon RDS (rdsadmin, rdstopmgr), who can read everything`."""
        roles = f" ({', '.join(self.roles)})" if self.roles else ""
        return f"{self.name}{roles}, who can {self.can}"


@dataclass(frozen=True, slots=True)
class Moved:
    """What would be a finding without the platform; the fields are those of the JSON report."""

    check: str
    object: str
    detail: str
    party: str
    by: str
    """The entry of the profile, or what the team declared."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The platform on whose server the database stands, and whom a verdict trusts there."""

    platform: str
    title: str
    declared: bool
    """False where it only looks like that platform: then nothing is moved and nobody is trusted."""
    place: str = ""
    """File and line of the declaration."""
    profile: str = ""
    """sha256: of the profile."""
    declaration: str = ""
    """sha256: of what the team declared."""
    said: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What the team declared."""
    undeclared: tuple[str, ...] = ()
    """What it did not: the verdict is incomplete without it."""
    expired: bool = False
    lifetime: str = ""
    """How long a deleted row lives on, with the backups that are declared."""
    parties: tuple[Party, ...] = ()
    moved: tuple[Moved, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether a verdict can rest on it."""
        return not self.declared or not (self.undeclared or self.expired)


@dataclass(frozen=True, slots=True)
class Audit:
    """One audit."""

    verdict: Verdict
    run: Run
    target: AuditedDatabase
    claims: tuple[ClaimResult, ...]
    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    """Worst first, then by check and object."""
    coverage: Mapping[str, Coverage]
    waivers: tuple[WaiverResult, ...]
    limits: tuple[str, ...]
    """What this audit cannot see, one sentence each."""
    fail_on: Severity
    """The level at which a finding decides."""
    decided: Decided = Decided()
    annex: Annex = EMPTY
    """What a page shows beside the answer: inventory, keys, evidence, ledger."""
    trust: Trust | None = None
    """None where no platform is declared, and none is known by its roles."""

    @property
    def exit_code(self) -> int:
        """0 passed, 1 findings at or above the level, 3 something could not be looked at."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCOMPLETE: 3}[self.verdict]

    @property
    def waived(self) -> int:
        """What somebody signed for, of all claims."""
        return sum(claim.waived for claim in self.claims)

    def gating(self) -> tuple[Finding, ...]:
        """The findings that turn the verdict."""
        return tuple(finding for finding in self.findings if finding.gates(self.fail_on))

    def unseen(self) -> tuple[CheckResult, ...]:
        """The checks that could not look and were not accepted as such."""
        return tuple(
            result
            for result in self.checks
            if result.outcome in (Outcome.NOT_TESTED, Outcome.ERROR) and not result.accepted
        )


def worst_first(findings: list[Finding]) -> tuple[Finding, ...]:
    """The order of a report."""
    certainty = list(Confidence)
    return tuple(
        sorted(
            findings,
            key=lambda each: (each.severity.rank, certainty.index(each.confidence), each.check, each.object),
        )
    )
