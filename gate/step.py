"""What one step of the gate is, and what it may say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from nosender.privacy_audit.check import Check
from nosender.privacy_audit.finding import NO_FACTS, Claim, Confidence, Fact, Severity

if TYPE_CHECKING:
    from nosender.gate.workplace import Workplace


class CannotLook(Exception):  # noqa: N818  # an answer of the step, not a failure of ours
    """The step could not look at what it is there for; the text says why. That is never a pass."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a step found, and the line that it stands on."""

    object: str
    """What it is about: a table, a revision, a file."""
    detail: str
    """What is wrong, and what follows from it, in one sentence."""
    path: PurePosixPath
    """The file to change, relative to the top of the checkout."""
    line: int
    """Its line, from 1."""
    kind: str = "file"
    severity: Severity | None = None
    """Where it differs from the step's own."""
    confidence: Confidence | None = None
    """A hint does not turn the gate red."""
    remedy: str | None = None
    """Where it differs from the step's own."""
    facts: Mapping[str, Fact] = field(default_factory=lambda: NO_FACTS)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that CI asks of a schema change."""

    slug: str
    title: str
    """One line that says what holds when the step passes."""
    remedy: str
    problems: Callable[[Workplace], Iterable[Problem]]
    """What is wrong; may raise CannotLook, or UsageError for a file that cannot be read."""
    severity: Severity = Severity.HIGH
    fast: bool = False
    """Belongs to the subset for a commit hook: no server, well under two seconds."""

    def check(self) -> Check:
        """The same as the audit's reports know it."""
        return Check(
            slug=self.slug,
            title=self.title,
            claim=Claim.SCHEMA_AS_DECLARED,
            severity=self.severity,
            confidence=Confidence.CERTAIN,
            remedy=self.remedy,
            since="0.1.0",
            waivable=False,
        )
