"""How a database that Citus distributes is seen, on tables that look like Citus' own: no Citus is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nosender.errors import IncompleteError
from nosender.migrations.revisions import VERSIONS, Chain
from nosender.privacy_audit import runner
from nosender.privacy_audit.reports import FORMATS, render
from nosender.privacy_audit.reports.words import beside
from nosender.privacy_audit.result.audit import Audit
from nosender.schema.observe import Observation
from nosender.schema.observe.observation import Kind
from nosender.server.target import Target

from ..conftest import RunNosender
from .stand_in import STAND_IN, run, seen


def plain(observation: Observation) -> Observation:
    return replace(observation, distribution=None, extensions=(), grants=(), comments=())


def test_a_shard_is_folded_into_its_table(migrated: str) -> None:
    before = seen(migrated)
    assert before.distribution is None
    run(migrated, STAND_IN)
    found = seen(migrated)
    assert plain(found) == plain(before)
    spread = found.distribution
    assert spread is not None
    assert (spread.group, spread.differences, spread.missing) == (0, (), ())
    assert [each.name for each in spread.others] == ["node 1", "node 2"]
    assert [(each.name, each.kind, each.column) for each in spread.tables] == [
        ("users", "distributed", "phone_number")
    ]
    assert Observation.from_json(found.to_json()) == found


DIFFERENCES = {
    "alter table users_102008 add column sender text": ("column", "public.users.sender", "beside"),
    "alter table users_102008 alter column phone_number set statistics 100": (
        "column",
        "public.users.phone_number",
        "other",
    ),
    "alter table users_102008 drop constraint users_phone_number_e164": (
        "constraint",
        "public.users.users_phone_number_e164",
        "lacking",
    ),
    "create trigger keep after insert on users_102008 for each row execute function users_guard()": (
        "trigger",
        "public.users.keep",
        "beside",
    ),
    "drop trigger users_guard_102008 on users_102008": ("trigger", "public.users.users_guard", "lacking"),
    "grant select on users_102008 to nosender_app": ("grant", "public.users", "beside"),
    "create index looked_up on users_102008 (created_at)": ("index", "public.looked_up", "beside"),
    "alter table users_102008 set unlogged": ("table", "public.users", "other"),
    "create rule copy as on insert to users_102008 do also notify x": ("rule", "public.users.copy", "beside"),
}


def test_what_differs_in_one_shard_is_the_tables(distributed: str) -> None:
    before = seen(distributed)
    run(distributed, "set search_path to public", *DIFFERENCES)
    found = seen(distributed)
    assert found.distribution is not None
    told = {(each.kind, each.object, each.what) for each in found.distribution.differences}
    assert told == set(DIFFERENCES.values())
    assert {each.shard for each in found.distribution.differences} == {"users_102008"}
    assert not [each for each in found.relations if each.name.startswith("users_")]

    def changed(kind: Kind) -> tuple[set[str], set[str]]:
        old, new = set(before.of(kind)), set(found.of(kind))
        return {each.name for each in new - old}, {each.name for each in old - new}

    assert changed("columns") == ({"sender", "phone_number"}, {"phone_number"})
    assert changed("constraints") == (set(), {"users_phone_number_e164"})
    assert changed("triggers") == ({"keep"}, {"users_guard"})
    assert changed("indexes") == ({"looked_up"}, set())
    assert changed("rules") == ({"copy"}, set())
    assert changed("relations") == ({"users"}, {"users"})
    (grant,) = set(found.grants) - set(before.grants)
    assert (grant.object, grant.grantee, grant.privileges) == ("users", "nosender_app", ("SELECT",))


def test_tables_that_a_stranger_named_so_count_for_nothing(migrated: str) -> None:
    run(migrated, "create table pg_catalog.pg_dist_node (groupid integer)")
    found = seen(migrated)
    assert found.distribution is None
    assert ("pg_catalog", "pg_dist_node") in {(each.schema, each.name) for each in found.relations}


def test_an_extension_without_the_tables_of_citus_is_not_believed(distributed: str) -> None:
    run(distributed, "alter extension citus drop table pg_catalog.pg_dist_node")
    with pytest.raises(IncompleteError, match="does not own the tables of Citus"):
        seen(distributed)


def test_a_view_of_citus_name_that_reads_ours_is_no_part_of_citus(distributed: str) -> None:
    assert not [each for each in seen(distributed).relations if each.name == "citus_tables"]
    run(
        distributed,
        "create or replace view public.citus_tables as "
        "select p.logicalrelid as table_name, u.phone_number from pg_dist_partition as p, public.users as u",
    )
    assert [each for each in seen(distributed).relations if each.name == "citus_tables"]


def audited(conninfo: str) -> Audit:
    return runner.run(Target(conninfo))


def test_an_audit_of_the_coordinator_alone_is_not_the_whole(distributed: str) -> None:
    audit = audited(distributed)
    found = {each.check for each in audit.findings if each.gates(audit.fail_on)}
    assert found == {"undeclared-extension"}, "nothing else of Citus' own is a finding"
    assert audit.decided.nodes_unseen == ("node 1", "node 2")
    for form in FORMATS:
        assert "2 nodes were not looked at" in render(form, audit), form
    assert {each.verdict.value for each in audit.claims} <= {"incomplete", "fail"}
    assert not audit.decided.nothing_stored, "rows may stand on the nodes that were not looked at"
    (layout,) = [each for each in audit.limits if each.startswith("Layout: ")]
    assert "One message_id can stand under two destinations" in layout


def test_a_standby_says_so(migrated: str) -> None:
    audit = audited(migrated)
    assert not [each for each in beside(audit) if "standby" in each]
    there = replace(audit.target, cluster={**audit.target.cluster, "role": "standby"})
    told = beside(replace(audit, target=there))
    assert "Looked at a standby: its primary was not asked, and may have taken changes since." in told


def test_a_worker_says_so_and_asks_for_no_books(distributed: str, run_nosender: RunNosender) -> None:
    run(
        distributed,
        "update pg_dist_local_group set groupid = 1",
        "drop table public.retention_runs cascade",
        "drop table public.migration_journal cascade",
    )
    audit = audited(distributed)
    assert audit.decided.nodes_unseen == ("node 0", "node 2")
    assert not [each.object for each in audit.findings if each.check.startswith("missing")]
    for words in (
        ("db", "current"),
        ("db", "check"),
        ("db", "upgrade"),
        ("db", "plan"),
        ("catalogue", "check"),
    ):
        answer = run_nosender("--url", distributed, *words)
        assert (answer.returncode, "a worker of a database that Citus" in answer.stderr) == (3, True), words


def test_no_sweep_and_no_count_where_rows_stand_on_other_nodes(
    distributed: str, run_nosender: RunNosender
) -> None:
    for words in (("status",), ("plan",), ("sweep",), ("erase",)):
        answer = run_nosender("--url", distributed, "retention", *words)
        assert (answer.returncode, "Citus distributes users over 3 nodes" in answer.stderr) == (3, True), (
            words
        )
    run(
        distributed,
        "create table public.alembic_version "
        "(version_num varchar(32) constraint alembic_version_pkc primary key)",
        f"insert into public.alembic_version values ('{Chain.load(VERSIONS).head}')",
    )
    answer = run_nosender("--url", distributed, "db", "check")
    assert answer.returncode == 3, answer
    assert "2 nodes were not looked at" in answer.stderr


def test_rows_that_no_sweep_reaches(distributed: str) -> None:
    run(
        distributed,
        "insert into public.users (phone_number) values ('+15550001111')",
        "insert into pg_dist_shard values ('public.users', 102010)",
        "create table public.users_102010 as table public.users",
        "insert into pg_dist_shard values ('public.users', 102011)",
        "insert into pg_dist_placement values (102011, 0)",
    )
    found = audited(distributed).findings
    (copy,) = [each for each in found if each.object == "public.users (old copy of a shard)"]
    assert {each.object for each in found if each.check == "overdue-row"} == {"public.users", copy.object}
    assert [each.object for each in found if each.check == "missing-table"] == ["public.users_102011"]
    assert copy.severity.value == "high"
    run(distributed, "insert into pg_dist_cleanup values (1, 'public.users_102010', 0)")
    (copy,) = [each for each in audited(distributed).findings if each.object == copy.object]
    assert copy.severity.value == "low", "Citus is about to drop it"
