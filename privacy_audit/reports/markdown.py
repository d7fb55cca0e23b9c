"""The report for a pull request, an issue or the summary of a CI run: GitHub-flavoured Markdown.

A step summary may have one mebibyte; beyond `MOST_BYTES` the findings are cut, worst first, and the text
says how many.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from nosender.markup import markdown, templates
from nosender.privacy_audit.reports import words

if TYPE_CHECKING:
    from jinja2 import Environment

    from nosender.privacy_audit.result.annex import Comparison
    from nosender.privacy_audit.result.audit import Audit, CheckResult

MOST_BYTES = 900_000
MOST_EACH = 100
"""Findings of one check that are listed."""

_SIGNS = {"pass": "✅", "fail": "❌", "incomplete": "❔", "waived": "🟪"}


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one check, as many as there is room for; each is a row of a table."""

    result: CheckResult
    rows: tuple[Markup, ...]


def render(audit: Audit) -> str:
    """The audit as Markdown, ending in a line break."""
    groups = _groups(audit)
    return (
        _environment()
        .get_template("report.md.j2")
        .render(
            audit=audit,
            run=audit.run,
            target=audit.target,
            groups=groups,
            hidden=len(audit.findings) - sum(len(group.rows) for group in groups),
            tally=lambda claim: words.tally(audit, claim),
        )
    )


def comparison(compared: Comparison) -> str:
    """Two reports side by side as Markdown."""
    return _environment().get_template("comparison.md.j2").render(compared=compared, nested=False)


@cache
def _environment() -> Environment:
    made = templates(__package__, markdown)
    made.globals.update(
        MOST_EACH=MOST_EACH,
        SIGNS=_SIGNS,
        OUTCOMES=words.OUTCOMES,
        SENTENCES=words.SENTENCES,
        TITLES=words.TITLES,
        answer=words.answer,
        beside=words.beside,
        colour=words.colour,
        headline=words.headline,
        plural=words.plural,
        facts=words.facts,
        reach=words.reach,
    )
    return made


def _groups(audit: Audit) -> list[Group]:
    row = _environment().get_template("row.md.j2")
    by_check = words.by_check(audit)
    groups: list[Group] = []
    size = 0
    for result in words.most_urgent_first(audit, by_check):
        found = by_check.get(result.check.slug)
        if not found or size > MOST_BYTES:
            continue
        rows = []
        for finding in found[:MOST_EACH]:
            text = Markup(row.render(finding=finding))  # noqa: S704 (made by the template)
            size += len(text.encode())
            if size > MOST_BYTES:
                break
            rows.append(text)
        groups.append(Group(result, tuple(rows)))
    return groups
