"""Which line of our own files last touched an object, for the readers of reports that know only files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from nosender.privacy_audit.result.annex import SourceLine

if TYPE_CHECKING:
    from nosender.privacy_audit.check import Check
    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.audit import Audit

ELSE = SourceLine("schema/catalogue/policy.toml", 1)
"""Where a finding is shown that no file of ours ever touched: where its declaration is missing."""

_PACKAGE = Path(__file__).parents[2]

_PART = re.compile(r'"((?:[^"]|"")*)"|([^."()]+)')
_TABLE = re.compile(r'(?:create|alter) table (?:if (?:not )?exists )?(?:only )?"?(\w+)')
_NAMED = re.compile(
    r"\b(?:create|alter|drop) (?:or replace )?(?:unique )?(?:constraint )?"
    r"(?:table|index|function|procedure|trigger|sequence|role|extension|view) "
    r'(?:concurrently )?(?:if (?:not )?exists )?(?:only )?"?(\w+)'
)
_MEMBER = re.compile(r'\s*(?:(?:add |alter )?(?:column |constraint ))?"?(\w+)"?\s')

_GOES_ON = ("create table", "alter table", "alter column", "add ")
"""How a line at the margin begins that belongs to a statement about a table."""


def place_of(name: str) -> SourceLine:
    """The migration or DDL line that last touched an object, else the catalogue file that should name it.

    `name` is an object as findings call it: qualified, and quoted as in SQL.
    """
    words = [(quoted or plain).replace('""', '"') for quoted, plain in _PART.findall(name.partition("(")[0])]
    touched = _touched()
    for outer, inner in zip(words[-2::-1], words[:0:-1], strict=False):
        if found := touched.get((outer, inner)):
            return found
    if words and (found := touched.get((words[-1], ""))):
        return found
    declared = _declared()
    return next((declared[word] for word in reversed(words) if word in declared), ELSE)


@cache
def _declared() -> Mapping[str, SourceLine]:
    """The catalogue's file of each table."""
    files = (_PACKAGE / "schema" / "catalogue").glob("*.toml")
    return {file.stem: SourceLine(f"schema/catalogue/{file.name}", 1) for file in files}


@cache
def _touched() -> Mapping[tuple[str, str], SourceLine]:
    """Where each thing is last named: (table, column or constraint), and (anything else, "")."""
    places: dict[tuple[str, str], SourceLine] = {}
    for folder, pattern in (("schema/ddl", "*.sql"), ("migrations/versions", "*.up.sql")):
        for file in sorted((_PACKAGE / folder).glob(pattern)):
            text = file.read_text(encoding="utf-8")
            for key, line in _named(text.splitlines()):
                places[key] = SourceLine(f"{folder}/{file.name}", line)
    return places


def _named(lines: Iterable[str]) -> Iterable[tuple[tuple[str, str], int]]:
    table = ""
    for number, line in enumerate(lines, start=1):
        code = line.partition("--")[0].lower()
        if begins := _TABLE.match(code):
            table = begins[1]
        if named := _NAMED.search(code):
            yield (named[1], ""), number
        elif table and (member := _MEMBER.match(code)):
            yield (table, member[1]), number
        # A statement ends with its semicolon, and the next one begins at the margin.
        if code.rstrip().endswith(";") or (code[:1].isalpha() and not code.startswith(_GOES_ON)):
            table = ""


def of_finding(audit: Audit, finding: Finding) -> SourceLine:
    """The migration or DDL line that last touched the object, else the catalogue file that should name it."""
    return audit.annex.places.get(finding.object, ELSE)


def of_check(audit: Audit, check: Check) -> SourceLine:
    """The question of a check, for what could not be looked at; a step of the gate has a place of its own."""
    question = SourceLine(f"privacy_audit/checks/{check.claim.value}/{check.slug}/query.sql", 1)
    return audit.annex.places.get(check.slug, question)
