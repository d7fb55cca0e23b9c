"""The standards cite checks that exist, and every check is cited."""

from __future__ import annotations

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.result.waivers import CHECKS
from nosender.privacy_audit.standards import citations, standards

KNOWN = {loaded.check.slug for loaded in discover()} | {check.slug for check in CHECKS.values()}


def test_every_slug_cited_exists_and_every_check_is_cited() -> None:
    assert citations().keys() == KNOWN


def test_every_standard_says_its_edition_and_no_requirement_is_empty() -> None:
    for standard in standards():
        assert standard.edition
        ids = [each.id for each in standard.requirements]
        assert len(ids) == len(set(ids))
        for each in standard.requirements:
            assert each.checks or each.manual or each.deviation, each.id


def test_the_logging_rules_that_contradict_privacy_are_declared_deviations() -> None:
    deviations = {each.id for standard in standards() for each in standard.requirements if each.deviation}
    assert deviations >= {"CIS 3.1.20", "CIS 3.1.22", "CIS 3.2", "STIG V-233512", "NIST AU-3"}


def test_nothing_says_compliant() -> None:
    for standard in standards():
        for each in standard.requirements:
            assert "complian" not in f"{each.title} {each.manual} {each.deviation}".lower()
