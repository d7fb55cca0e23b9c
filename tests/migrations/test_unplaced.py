"""What a revision makes without naming a schema would stand in pg_catalog: it is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nosender.errors import NosenderError
from nosender.migrations import runner
from nosender.migrations.revisions import Chain
from nosender.server.target import Target

from .extra import add

MADE = {
    "type pg_catalog.mood": "create type {}mood as enum ('calm')",
    "type pg_catalog.short": "create domain {}short as text check (value <> '')",
    "function pg_catalog.peek()": "create or replace function {}peek() returns integer language sql return 1",
    "aggregate pg_catalog.least_of(integer)": (
        "create aggregate {}least_of(integer) (sfunc = int4smaller, stype = integer)"
    ),
    "operator pg_catalog.^^(pg_catalog.text,pg_catalog.text)": (
        "create operator {}^^ (function = texteq, leftarg = text, rightarg = text)"
    ),
    "collation pg_catalog.plain": "create collation {}plain (locale = 'C')",
    "text search dictionary pg_catalog.words": (
        "create text search dictionary {}words (template = pg_catalog.simple)"
    ),
}


CASES = (*((told, "") for told in MADE), ("function pg_catalog.peek()", "\n-- step: make it\n"))


def test_nothing_is_made_where_no_schema_is_named(any_database: str, versions: Path) -> None:
    target, options = Target(any_database), runner.Options(versions=versions)
    runner.upgrade(target)  # ours at once, so that only what comes on top is replayed
    for number, (told, before) in enumerate(CASES, 900):
        head, whole = Chain.load(versions).head, not before
        text = f"{before}{MADE[told].format('')};\n"
        add(versions, f"0{number}", text, transactional=whole, pinned=True)
        with pytest.raises(NosenderError, match=f"makes {re.escape(told)}: write the name of its schema"):
            runner.upgrade(target, options=options)
        text = f"{before}{MADE[told].format('public.')};\n"
        add(versions, f"0{number}", text, below=head, transactional=whole, pinned=True)
        assert runner.upgrade(target, options=options).applied == (f"0{number}",)
