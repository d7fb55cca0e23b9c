"""What a report shows beside its findings is what the database really holds."""

from __future__ import annotations

import psycopg

from nosender.privacy_audit.reports import FORMATS, render
from nosender.privacy_audit.runner import run
from nosender.retention.sweep import FAST, sweep
from nosender.schema.catalogue import load
from nosender.server.target import Target
from nosender.traffic.fill import fill


def test_the_inventory_is_every_live_column_with_its_declaration(target: Target) -> None:
    with psycopg.connect(target.conninfo) as connection:
        connection.execute("alter table messages add column sender_phone text")
        connection.execute('create table "Contacts" (owner text, friend text)')
        live = connection.execute(
            "select c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)"
            " from pg_attribute a join pg_class c on c.oid = a.attrelid"
            " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and attnum > 0"
        ).fetchall()
    inventory = run(target).annex.inventory
    assert {(table.name, one.name, one.type) for table in inventory for one in table.columns} == set(live)
    undeclared = {
        (table.name, one.name) for table in inventory for one in table.columns if not one.data_class
    }
    assert undeclared == {("messages", "sender_phone"), ("Contacts", "owner"), ("Contacts", "friend")}
    assert all(
        one.purpose and one.retention for table in inventory for one in table.columns if one.data_class
    )
    assert {one.resolution for table in inventory for one in table.columns} >= {"hour", "quarter-hour", ""}


def test_the_diagram_has_the_allowed_keys_and_marks_every_other(target: Target) -> None:
    clean = run(target).annex
    assert [edge.allowed for edge in clean.edges] == [True] * len(load().foreign_keys)
    with psycopg.connect(target.conninfo) as connection:
        connection.execute("alter table messages add column sender integer references users")
        connection.execute("create schema elsewhere")
        connection.execute("create table elsewhere.archive (message bigint references messages)")
    annex = run(target).annex
    assert {(edge.table, edge.parent) for edge in annex.edges if not edge.allowed} == {
        ("messages", "users"),
        ("elsewhere.archive", "messages"),
    }
    sides = {node.name: node.side for node in annex.nodes}
    assert (sides["messages"], sides["users"], sides["elsewhere.archive"]) == (
        "messages",
        "people",
        "undeclared",
    )


def test_the_ledger_is_the_one_in_the_database(target: Target) -> None:
    empty = run(target).annex.retention
    assert empty is not None
    assert (empty.length, empty.rows) == (0, ())
    fill(target, 20, 400, 1)
    overdue = run(target).annex.retention
    assert overdue is not None
    assert {each.table for each in overdue.overdue if each.rows} == {
        "messages",
        "ephemeral_keys",
        "device_session_keys",
    }
    receipt = sweep(target, pace=FAST)
    swept = run(target).annex.retention
    assert swept is not None
    assert (swept.length, swept.head) == (receipt.ledger_id, receipt.ledger_hash)
    assert sum(row.deleted for row in swept.rows if row.event == "swept") == receipt.deleted
    assert sum(each.rows for each in swept.overdue) == 0


def test_a_role_that_may_not_read_the_ledger_gets_a_report_that_says_so(target: Target) -> None:
    with psycopg.connect(target.conninfo, autocommit=True) as admin:
        admin.execute("create role blind_tester login")
    try:
        audit = run(Target(psycopg.conninfo.make_conninfo(target.conninfo, user="blind_tester")))
        assert audit.annex.retention is None
        assert audit.exit_code == 3
        assert "could not be read in this run" in render("html", audit)
        assert len(audit.annex.inventory) > 5  # structure is everybody's to see
        for form in FORMATS:
            assert render(form, audit)
    finally:
        with psycopg.connect(target.conninfo, autocommit=True) as admin:
            admin.execute("drop role blind_tester")


def test_the_evidence_is_the_query_of_each_check(target: Target) -> None:
    import hashlib

    audit = run(target)
    assert {entry.id for entry in audit.annex.requirements} == set(audit.annex.standards)
    assert {slug for entry in audit.annex.requirements for slug in entry.checks} >= {
        result.check.slug for result in audit.checks if result.standards
    }
    assert set(audit.annex.evidence) == {result.check.slug for result in audit.checks}
    for evidence in audit.annex.evidence.values():
        assert evidence.sha256 == hashlib.sha256(evidence.query.encode()).hexdigest()
        assert "\n" not in evidence.explanation.replace("\n\n", "")
