"""What a check is, and how the checks are found: every folder checks/<claim>/<slug>/ is one."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.samples import Sample
    from nosender.privacy_audit.snapshot.snapshot import Snapshot

FOLDER = Path(__file__).parent / "checks"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the function of a check says about one snapshot."""

    examined: int
    """How many things were looked at, good and bad."""
    found: tuple[Found, ...]
    """The bad ones."""
    unseen: str | None = None
    """Why part of it could not be looked at; None when all of it was."""
    samples: tuple[Sample, ...] = ()
    """What a check that asks a probe read of each column; empty for one that looks at all there is."""

    @classmethod
    def of(cls, examined: Iterable[object], found: Iterable[Found], unseen: str | None = None) -> Answer:
        """Count what was looked at."""
        count = len(examined) if isinstance(examined, Sized) else sum(1 for _ in examined)
        return cls(count, tuple(found), unseen)


@dataclass(frozen=True, slots=True)
class Check:
    """What does not change from run to run about one check."""

    slug: str
    """The name of the defect, and of the check's folder. Never used again once retired."""
    title: str
    """One line that says what holds when the check passes."""
    claim: Claim
    severity: Severity
    confidence: Confidence
    remedy: str
    since: str
    """The version of this program that first had it."""
    waivable: bool = True
    """False where no reason can make the defect acceptable."""
    whose: str | None = None
    """The project whose check it is; None for ours."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A check with its function and its folder."""

    check: Check
    look: Callable[[Snapshot], Answer]
    """Pure: the same snapshot, the same answer. May raise NotTested."""
    folder: Path
    explanation: str
    """What it finds, why that matters and what it cannot see."""

    def example(self, name: str) -> str:
        """The text of query.sql, bad.sql, fix.sql or good.sql."""
        return (self.folder / name).read_text(encoding="utf-8")

    def expected(self) -> tuple[str, ...]:
        """The objects that bad.sql says must be found, sorted."""
        mark = "-- finds: "
        lines = self.example("bad.sql").splitlines()
        return tuple(sorted(line.removeprefix(mark).strip() for line in lines if line.startswith(mark)))


@cache
def discover() -> tuple[Loaded, ...]:
    """Every check, in the order of the claims and then by slug."""
    loaded = []
    for claim in Claim:
        for folder in sorted(path.parent for path in (FOLDER / claim.value).glob("*/check.py")):
            module = importlib.import_module(f"{__package__}.checks.{claim.value}.{folder.name}.check")
            check = module.CHECK
            if check.slug != folder.name or check.claim is not claim:
                raise AssertionError(f"{folder} holds the check {check.claim}/{check.slug}")
            loaded.append(Loaded(check, module.look, folder, (module.__doc__ or "").strip()))
    return tuple(loaded)
