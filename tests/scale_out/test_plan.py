"""`db scale-out plan` and `status`: what would move, what is lost, and which server writes values down."""

from __future__ import annotations

import json

import psycopg
import pytest

from nosender.errors import IncompleteError, UsageError
from nosender.scale_out.plan import Plan, make_plan
from nosender.scale_out.plan_text import as_json, as_lines, size
from nosender.scale_out.servers import Loud
from nosender.scale_out.status import read_status
from nosender.server.target import Target

from ..citus.stand_in import STAND_IN, run
from ..conftest import RunNosender


def planned(target: Target, **nodes: str) -> Plan:
    return make_plan(target, {name.removeprefix("node_"): Target(url) for name, url in nodes.items()})


def test_what_moves_and_what_is_lost(target: Target) -> None:
    plan = planned(target)
    assert (plan.exit_code, plan.problems, plan.differing) == (0, (), ())
    assert {each.name for each in plan.moved} == {
        "users",
        "webauthn_credentials",
        "messages",
        "message_deliveries",
    }
    text = "\n".join(as_lines(plan))
    assert "Citus is not installed there" in text
    assert "messages: distributed by destination_phone; about 0 rows" in text
    assert "device_session_keys: stays on the coordinator" in text
    assert "messages.idx_messages_message_id: (destination_phone, message_id)" in text
    assert "One message_id can stand under two destinations" in text
    assert "db scale-out apply distributes the database" in text
    document = json.loads(as_json(plan))
    assert (document["format"], document["applied_by"]) == ("nosender.scale-out/1", "db scale-out apply")
    assert document["bytes"] == plan.bytes > 0


def test_a_server_that_writes_values_down(migrated: str) -> None:
    with psycopg.connect(migrated, autocommit=True) as admin:
        name = admin.info.dbname
        admin.execute(f'alter database "{name}" set log_statement to "all"')
        admin.execute(f'alter database "{name}" set log_min_duration_statement to 250')
    plan = planned(Target(migrated))
    assert plan.exit_code == 1
    assert (
        Loud(
            "log_statement",
            "all",
            name,
            "statements are logged with their values",
            f"alter database {name} reset log_statement;",
        )
        in plan.servers[0].loud
    )
    text = "\n".join(as_lines(plan))
    assert f"! log_statement is 'all' for {name}: statements are logged with their values" in text
    with psycopg.connect(migrated, autocommit=True) as admin:
        for each in plan.servers[0].loud:
            admin.execute(each.statement.encode())
    assert planned(Target(migrated)).exit_code == 0


def test_a_node_is_asked_and_one_that_does_not_answer_is_said(target: Target, database: str) -> None:
    plan = planned(target, node_1=database, node_2="host=/nowhere dbname=app password=secret")
    one, two = plan.servers[1:]
    assert (one.name, one.loud, one.unseen) == ("node 1", (), ())
    assert two.version is None
    assert plan.exit_code == 3
    text = "\n".join(as_lines(plan))
    assert "! not looked at: cannot connect to database app on /nowhere" in text
    assert "secret" not in text


def test_a_table_that_the_layout_does_not_name(target: Target) -> None:
    run(
        target.conninfo,
        "create table public.kept (id bigint primary key, message bigint references public.messages, "
        "person integer references public.users)",
        "create function public.note() returns trigger language plpgsql as 'begin return new; end'",
        "create trigger note after insert on public.messages for each row execute function public.note()",
        "create schema evil",
        "create function evil.messages_guard() returns trigger language plpgsql as 'begin return new; end'",
        "create trigger seen before insert on public.users "
        "for each row execute function evil.messages_guard()",
    )
    plan = planned(target)
    assert plan.exit_code == 1
    assert [(each.table, each.name) for each in plan.problems] == [
        ("kept", "kept_message_fkey"),
        ("messages", "note"),
        ("users", "seen"),
    ]
    assert [each.whose for each in plan.tables if each.name == "kept"] == ["other"]


def test_names_of_a_database_are_shown_and_not_obeyed(migrated: str, run_nosender: RunNosender) -> None:
    run(migrated, 'create table public."\x1b[2Jkept; drop" (id bigint references public.messages)')
    answer = run_nosender("--url", migrated, "db", "scale-out", "plan")
    assert answer.returncode == 1, answer.stderr
    assert "\x1b" not in answer.stdout
    assert "\\x1b[2Jkept; drop: stays on the coordinator, in no layout" in answer.stdout


def test_where_there_is_nothing_to_plan(database: str, migrated: str) -> None:
    with pytest.raises(IncompleteError, match="holds none of our tables"):
        planned(Target(database))
    with pytest.raises(IncompleteError, match="holds none of our tables"):
        read_status(Target(database))
    run(migrated, STAND_IN)
    with pytest.raises(UsageError, match="distributed already"):
        planned(Target(migrated))


def test_status(migrated: str) -> None:
    target = Target(migrated)
    assert (read_status(target).lines, read_status(target).exit_code) == (
        ("one server: Citus is not in this database",),
        0,
    )
    # whoever makes tables of its names makes no node of a server
    run(migrated, "create table public.pg_dist_node (nodeid integer, groupid integer)")
    assert read_status(target).exit_code == 0
    run(migrated, STAND_IN, "create table public.users_102010 as table public.users")
    found = read_status(target)
    assert found.lines[0] == "3 nodes; looked at: the coordinator"
    assert "  node 1: one.example:5432" in found.lines
    assert "users is distributed by phone_number, and the layout says a copy on every node" in found.differing
    assert (found.unseen, found.exit_code) == (2, 1)
    run(migrated, "alter table public.users_102008 add column sender text")
    own = "column public.users.sender: only there, in the shard users_102008"
    assert own in read_status(target).differing
    found = read_status(target, {"1": Target(migrated)})
    assert "not looked at: node 1: what answered is the coordinator" in found.lines
    assert "not looked at: node 2: no --node 2=URL names a connection to it" in found.lines
    assert (found.unseen, found.exit_code) == (2, 1)


def test_commands(migrated: str, run_nosender: RunNosender) -> None:
    answer = run_nosender("--url", migrated, "db", "scale-out", "plan", "--format", "json")
    assert (answer.returncode, json.loads(answer.stdout)["schema"]) == (0, "public")
    answer = run_nosender("--url", migrated, "db", "scale-out", "plan", "--node", "one")
    assert (answer.returncode, "--node is written N=URL" in answer.stderr) == (2, True)
    answer = run_nosender("--url", migrated, "db", "scale-out", "status")
    assert (answer.returncode, answer.stdout) == (0, "one server: Citus is not in this database\n")


def test_sizes() -> None:
    assert [size(each) for each in (0, 1023, 1024, 10_485_760, 5 * 1024**4)] == [
        "0 bytes",
        "1023 bytes",
        "1.0 kB",
        "10 MB",
        "5.0 TB",
    ]
