"""A declared table that no probe knows is not tested, by name, in every check that asks a probe about it."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.finding import Outcome
from nosender.privacy_audit.questions.completeness import passed_over
from nosender.privacy_audit.runner import ask, read_snapshot
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.catalogue import Catalogue, Column, load

from .auditor import as_auditor

ELSEWHERE = {
    "broken-ledger": "is about the ledger alone",
    "sweep-not-recent": "is about the ledger alone",
    "dropped-column": "takes every table from the catalogs",
    "statistics-kept": "takes every table from the catalogs",
    "recorded-revision": "is about Alembic's own table",
    "replaced-probe": "looks at the functions themselves",
    "kept-message": "is about messages and their deliveries",
    "settled-order": "is about the tables that a sweep settles",
    "unusual-lifetime": "is about messages and session keys, which live for one of thirteen lifetimes",
    "sequence-id": "is about the columns that were serial, which a catalogue cannot add to",
    "unsettled-row": "is about the tables that a sweep settles, which stand in retention_settle_rules",
}
"""Checks that ask a probe which has no list of tables."""

PROBING = [
    loaded
    for loaded in discover()
    if "snapshot.probe" in (loaded.folder / "check.py").read_text(encoding="utf-8")
]


def with_a_table_more(catalogue: Catalogue) -> Catalogue:
    """A table with a column of every class, an expiry, and a key to each table that others refer to."""
    pattern = catalogue.table("ephemeral_keys")
    assert pattern is not None
    hour = next(each for each in catalogue.resolutions if each.name == "hour")
    columns = tuple(
        Column(
            each.name.replace("-", "_"), "New.", each, hour if each.time else None, "an hour", pattern.place
        )
        for each in catalogue.classes
    )
    retention = replace(pattern.retention, column="expiry", at_once=None)
    table = replace(pattern, name="strange_things", columns=columns, retention=retention)
    keys = tuple(
        replace(catalogue.foreign_keys[0], table=table.name, parent=parent)
        for parent in ("users", "webauthn_credentials", "messages")
    )
    return replace(
        catalogue,
        tables=tuple(sorted((*catalogue.tables, table), key=lambda each: each.name)),
        foreign_keys=(*catalogue.foreign_keys, *keys),
    )


@pytest.fixture
def snapshot(migrated: str) -> Snapshot:
    """A database at work, swept once, as an auditor sees it."""
    with psycopg.connect(migrated, options="-c TimeZone=UTC", autocommit=True) as owner:
        owner.execute("call retention_sweep()")
    with psycopg.connect(as_auditor(migrated)) as connection:
        return read_snapshot(connection, "public", load()).snapshot


def test_every_probing_check_names_the_table_that_its_probe_does_not_know(snapshot: Snapshot) -> None:
    assert {loaded.check.slug: ask(loaded, snapshot)[0].outcome for loaded in PROBING} == {
        loaded.check.slug: Outcome.PASS for loaded in PROBING
    }
    strange = replace(snapshot, catalogue=with_a_table_more(snapshot.catalogue))
    silent = []
    for loaded in PROBING:
        result, _ = ask(loaded, strange)
        if result.outcome is not Outcome.NOT_TESTED or "strange_things" not in (result.reason or ""):
            silent.append(loaded.check.slug)
    assert set(silent) == set(ELSEWHERE)


def test_the_reason_names_every_column_once_and_in_order() -> None:
    assert passed_over("audit_times", [("b", "y"), ("a", "x"), ("b", "y")], [("c", "z")]) == (
        "the probe audit_times does not look at a.x, b.y"
    )
    assert passed_over("audit_times", [("a", "x")], [("a", "x"), ("c", "z")]) is None
