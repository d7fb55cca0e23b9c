"""Which line of which file a finding is shown at, for the consumers that know nothing but files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.annex import Place
from nosender.privacy_audit.places import ELSE

if TYPE_CHECKING:
    from nosender.privacy_audit.audit import Audit
    from nosender.privacy_audit.check import Check
    from nosender.privacy_audit.finding import Finding


def of_finding(audit: Audit, finding: Finding) -> Place:
    """The migration or DDL line that last touched the object, else the catalogue file that should name it."""
    return audit.annex.places.get(finding.object, ELSE)


def of_check(audit: Audit, check: Check) -> Place:
    """The question of a check, for what could not be looked at; a step of the gate has a place of its own."""
    question = Place(f"privacy_audit/checks/{check.claim.value}/{check.slug}/query.sql", 1)
    return audit.annex.places.get(check.slug, question)
