"""What an audit can say: words with a fixed order, and the frozen records that carry them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

Fact = int | float | str | bool | None | list[str]
"""A count, a name, a yes or no, or names; never a value of a row."""

NO_FACTS: Mapping[str, Fact] = MappingProxyType({})


class Severity(StrEnum):
    """How much of the promise is broken, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)

    def at_least(self, level: Severity) -> bool:
        """Whether this is as bad as `level`, or worse."""
        return self.rank <= level.rank


class Confidence(StrEnum):
    """How sure a finding is. A hint is a guess from names and does not decide a verdict."""

    CERTAIN = "certain"
    LIKELY = "likely"
    HINT = "hint"


class Outcome(StrEnum):
    """What became of one check. Not-tested and error are never a pass."""

    PASS = "pass"  # noqa: S105  # a verdict
    FAIL = "fail"
    WAIVED = "waived"
    NOT_TESTED = "not-tested"
    ERROR = "error"


class Verdict(StrEnum):
    """The answer to one claim, or to all of them."""

    PASS = "pass"  # noqa: S105  # a verdict
    FAIL = "fail"
    INCOMPLETE = "incomplete"


class Claim(StrEnum):
    """The seven promises; the value is the identifier that reports carry."""

    NO_SENDER = "no-sender"
    NO_RELATIONSHIP = "no-relationship"
    CIPHERTEXT_ONLY = "ciphertext-only"
    RETENTION_RUNS = "retention-runs"
    NO_SIDE_CHANNEL = "no-side-channel"
    LEAST_PRIVILEGE = "least-privilege"
    SCHEMA_AS_DECLARED = "schema-as-declared"

    @property
    def statement(self) -> str:
        """The promise in plain words."""
        return _STATEMENTS[self]


_STATEMENTS = {
    Claim.NO_SENDER: "Nothing that the database stores, or is set up to store, says who sent a message.",
    Claim.NO_RELATIONSHIP: "No key, view or shared value leads from one person to another.",
    Claim.CIPHERTEXT_ONLY: "What should be encrypted is, and what should be random or signed is that too.",
    Claim.RETENTION_RUNS: "What has expired is gone, and the sweep that deletes it keeps running.",
    Claim.NO_SIDE_CHANNEL: "Logs, statistics, copies and exact times do not tell what the tables leave out.",
    Claim.LEAST_PRIVILEGE: "Nobody can read or do more in the database than their task needs.",
    Claim.SCHEMA_AS_DECLARED: "The live database is the declared one, with every safeguard in force.",
}


@dataclass(frozen=True, slots=True)
class Found:
    """One defect, as the function of a check returns it."""

    object: str
    """The thing, qualified and quoted like SQL: `public.messages.sender_phone`."""
    kind: str
    """What the thing is: column, table, function, setting and so on."""
    detail: str
    """What is wrong with it and what follows from that, in one sentence, without any value of a row."""
    facts: Mapping[str, Fact] = field(default_factory=lambda: NO_FACTS)
    """Counts and names that a reader may want to sort by."""
    severity: Severity | None = None
    """Where it differs from the check's own; None is the check's own."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect, as a report shows it."""

    check: str
    """The slug of the check."""
    object: str
    kind: str
    detail: str
    severity: Severity
    confidence: Confidence
    remedy: str
    """What to do, in one sentence or two."""
    facts: Mapping[str, Fact]
    waived: bool = False
    """Somebody signed for it, for a time; it stays visible."""

    @property
    def fingerprint(self) -> str:
        """The same for the same defect in every run: of the check and the object, nothing else."""
        return hashlib.sha256(f"{self.check}\0{self.object}".encode()).hexdigest()[:32]

    def gates(self, level: Severity) -> bool:
        """Whether it turns the verdict at this level."""
        sure = self.confidence is not Confidence.HINT
        return sure and not self.waived and self.severity.at_least(level)


class NotTested(Exception):  # noqa: N818  # not a failure: an answer, and the reason is what it says
    """A check could not look; the reason is the text. What it did find must be returned, not raised over."""
