"""What a report shows beside the findings: inventory, tables and keys, evidence, the retention ledger.

Plain frozen values, put together once after an audit, so that the renderers stay pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nosender.schema.diagram import Edge, Node


@dataclass(frozen=True, slots=True)
class ComparedFinding:
    """A finding as a comparison shows it."""

    check: str
    object: str
    kind: str
    severity: str
    waived: bool
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ComparedReport:
    """One of the two reports."""

    run: str
    """Its run id."""
    finished: str
    """UTC, ISO 8601."""
    verdict: str
    database: str
    fingerprint: str
    """Of the database's structure."""
    lifetime: str = ""
    """How long a deleted row lives, as declared of a platform; empty where nothing is."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the later report differs from the earlier; each finding stands in exactly one of the five."""

    before: ComparedReport
    after: ComparedReport
    new: tuple[ComparedFinding, ...]
    fixed: tuple[ComparedFinding, ...]
    """In the earlier report only, though the check that found it looked again."""
    unchanged: tuple[ComparedFinding, ...]
    newly_waived: tuple[ComparedFinding, ...]
    lapsed: tuple[ComparedFinding, ...]
    """Waived before, and not any more: the waiver expired or was taken back."""
    unknown: tuple[ComparedFinding, ...]
    """In the earlier report only, but the check that found it did not look, or not everywhere, this time."""

    @property
    def same_database(self) -> bool:
        """Whether both reports are about a database of one name."""
        return self.before.database == self.after.database


@dataclass(frozen=True, slots=True)
class InventoryColumn:
    """One column of the record of processing activities."""

    name: str
    type: str
    """As PostgreSQL writes it."""
    data_class: str | None
    """None where nothing declares the column."""
    personal: bool
    purpose: str
    resolution: str
    """How finely a time may be told; empty for anything but a time."""
    retention: str


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One table of the record of processing activities."""

    name: str
    purpose: str
    retention: str
    """When its rows go, in words."""
    kept_because: str | None
    """Why rows may stay without limit."""
    columns: tuple[InventoryColumn, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a reviewer needs to repeat one check by hand."""

    explanation: str
    """What the check finds, why it matters, what it cannot see; paragraphs, an empty line between two."""
    query: str
    """The same question as SQL."""
    sha256: str
    """Of the query, in hexadecimal: two reports with one hash asked the same."""


@dataclass(frozen=True, slots=True)
class RequirementEntry:
    """One requirement of a standard, and what this audit has to say about it."""

    standard: str
    """Title and edition."""
    id: str
    title: str
    checks: tuple[str, ...]
    """The slugs of the checks that give evidence; empty where none can."""
    manual: str | None
    """The question for a person."""
    deviation: str | None
    """Why it is not followed here."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of a file, for the consumers that show findings in code."""

    path: str
    """Relative to the repository's root, with forward slashes."""
    line: int
    """From 1."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row of the retention ledger."""

    run: str
    event: str
    """started, swept or finished."""
    table: str | None
    status: str | None
    at: str
    """UTC, ISO 8601, seconds, ending in Z."""
    deleted: int
    deactivated: int
    left: int
    """Rows that had expired and could not be taken this time."""


@dataclass(frozen=True, slots=True)
class OverdueRows:
    """What of one table had expired and was still there."""

    table: str
    rows: int
    more: bool
    """There are more than were counted."""
    oldest: str | None
    """When the oldest of them expired; UTC, ISO 8601."""


@dataclass(frozen=True, slots=True)
class LedgerState:
    """How the sweeps are doing."""

    length: int
    """Rows in the ledger, counted from its first."""
    head: str | None
    """The hash of its last row, in hexadecimal; None of an empty ledger."""
    rows: tuple[LedgerRow, ...] = ()
    """The newest, oldest first."""
    overdue: tuple[OverdueRows, ...] = ()
    interval: str = ""
    """A sweep has to run at least this often."""
    grace: str = ""
    """No row may stand longer than this after its expiry."""


@dataclass(frozen=True, slots=True)
class Annex:
    """Everything of a report that is not the verdict."""

    inventory: tuple[TableEntry, ...] = ()
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=lambda: MappingProxyType({}))
    """By the slug of the check."""
    places: Mapping[str, SourceLine] = field(default_factory=lambda: MappingProxyType({}))
    """Where each object of a finding was last touched, by the object as findings name it; and where a check
    is shown that could not look, by its slug, if not at its question."""
    standards: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What each requirement that checks cite is called."""
    requirements: tuple[RequirementEntry, ...] = ()
    """By standard, in the order of its file."""
    retention: LedgerState | None = None
    """None where the ledger could not be read."""
    first_seen: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """When a finding was first reported, by its fingerprint; known for what a baseline held."""
    comparison: Comparison | None = None
    """What changed since an earlier report; None when none was given."""
    stored: bool = False
    """Read back from a JSON report, which holds none of this but the ledger's length and head."""


EMPTY = Annex()
