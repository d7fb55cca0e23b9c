"""What a step says of itself by its SQL alone."""

from __future__ import annotations

import pytest

from nosender.errors import NosenderError
from nosender.migrations.revisions import Chain, Step


@pytest.mark.parametrize(
    ("sql", "alone", "waits", "index"),
    [
        ("create index concurrently if not exists more on users (id)", True, True, "more"),
        ('CREATE UNIQUE INDEX /* a word */ CONCURRENTLY "Mo""re" on users (id)', True, True, 'Mo"re'),
        ("create index more on users (id)", False, False, None),
        ("drop index concurrently more", True, True, None),
        ("reindex index concurrently more", True, True, None),
        ("refresh materialized view concurrently totals", False, False, None),
        ("alter table parent detach partition part concurrently", True, True, None),
        ("vacuum users", True, False, None),
        ("call backfill()", True, False, None),
        ("create database concurrently_not", True, False, None),
        ("alter system set work_mem = '4MB'", True, False, None),
        ("alter table users add column concurrent text", False, False, None),
        ("", False, False, None),
    ],
)
def test_a_step_knows_how_it_must_run(sql: str, alone: bool, waits: bool, index: str | None) -> None:
    step = Step(1, "something", sql)
    assert (step.alone, step.waits_for_snapshots, step.index_name) == (alone, waits, index)


def test_a_revision_of_a_later_version_is_refused() -> None:
    chain = Chain.load()
    assert chain.position_of(None) == 0
    assert chain.position_of(chain.head) == len(chain.revisions)
    with pytest.raises(NosenderError, match="revision 9999, which this version of nosender does not know"):
        chain.position_of("9999")
