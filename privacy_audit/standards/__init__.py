"""Which requirement of which standard each check gives evidence for: one TOML file a standard.

It supports evidence for an article; it never says that anybody complies. Requirements that no machine can
check are listed with the question for a person; requirements that contradict privacy are listed with the
deviation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.finding import Claim
from nosender.toml_reader import File, Section


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement, and what answers it."""

    id: str
    """As people cite it: `GDPR 5(1)(c)`."""
    title: str
    """What it asks for, in our own words."""
    checks: tuple[str, ...]
    """The slugs of the checks that give evidence, those of whole claims included; empty where none can."""
    manual: str | None
    """The question for a person."""
    deviation: str | None
    """Why it is not followed here, where it asks for what reveals people."""


@dataclass(frozen=True, slots=True)
class Standard:
    """One standard in one edition."""

    id: str
    title: str
    edition: str
    requirements: tuple[Requirement, ...]


@cache
def standards() -> tuple[Standard, ...]:
    """Every standard, by file name; UsageError names the line that is not right."""
    folder = Path(__file__).parent
    return tuple(_standard(File(path, folder)) for path in sorted(folder.glob("*.toml")))


@cache
def citations() -> Mapping[str, tuple[str, ...]]:
    """The requirements that cite each check, by slug."""
    found: dict[str, list[str]] = {}
    for standard in standards():
        for requirement in standard.requirements:
            for slug in requirement.checks:
                found.setdefault(slug, []).append(requirement.id)
    return {slug: tuple(ids) for slug, ids in found.items()}


@cache
def titles() -> Mapping[str, str]:
    """What each requirement asks for, by its id."""
    return {each.id: each.title for standard in standards() for each in standard.requirements}


def _of_claims(entry: Section) -> tuple[str, ...]:
    """Every check of the claims that a requirement names."""
    claims = entry.texts("claims")
    for claim in claims:
        if claim not in list(Claim):
            raise entry.refuse("claims", f"there is no claim {claim!r}.")
    return tuple(loaded.check.slug for loaded in discover() if loaded.check.claim in claims)


def _standard(file: File) -> Standard:
    whole = file.section()
    whole.skip("requirements")
    standard = Standard(
        id=whole.text("id"),
        title=whole.text("title"),
        edition=whole.text("edition"),
        requirements=tuple(_requirement(file, index) for index in range(len(file.items("requirements")))),
    )
    whole.done()
    return standard


def _requirement(file: File, index: int) -> Requirement:
    entry = file.section("requirements", index)
    requirement = Requirement(
        id=entry.text("id"),
        title=entry.text("title"),
        checks=(*_of_claims(entry), *entry.texts("checks")),
        manual=entry.optional_text("manual"),
        deviation=entry.optional_text("deviation"),
    )
    entry.done()
    if not requirement.checks and requirement.manual is None and requirement.deviation is None:
        raise entry.refuse("id", f"{requirement.id} has neither checks, nor a question, nor a deviation.")
    return requirement
