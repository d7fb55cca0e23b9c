"""`audit run --every-node`: each server is read by itself, and what is found there says where."""

from __future__ import annotations

import json

import psycopg
import pytest
from psycopg import sql

from nosender.errors import UsageError
from nosender.migrations.revisions import VERSIONS, Chain
from nosender.privacy_audit import runner
from nosender.privacy_audit.result.audit import Audit
from nosender.server.target import Target

from ..conftest import RunNosender
from .stand_in import run

LEAKS = {
    "alter table public.users_102008 add column sender_phone varchar(20)": (
        "undeclared-column",
        "public.users.sender_phone on node 1",
    ),
    "create trigger keep after insert on public.users_102008 for each row execute function users_guard()": (
        "undeclared-trigger",
        "public.users.keep on node 1",
    ),
    "alter table public.users_102008 drop constraint users_phone_number_e164": (
        "missing-constraint",
        "public.users.users_phone_number_e164 on node 1",
    ),
    "grant select on public.users_102008 to nosender_app": ("table-privilege", "public.users on node 1"),
    "create table public.kept (line text)": ("undeclared-table", "public.kept on node 1"),
}


def audited(coordinator: str, **nodes: str) -> Audit:
    named = {name.removeprefix("node_"): Target(url) for name, url in nodes.items()}
    return runner.run(Target(coordinator), runner.Options(nodes=named))


def test_what_is_planted_on_one_worker_is_found_there(nodes: tuple[str, ...]) -> None:
    run(nodes[1], "set search_path to public", *LEAKS)
    alone = {(each.check, each.object) for each in runner.run(Target(nodes[0])).findings}
    audit = audited(nodes[0], node_1=nodes[1], node_2=nodes[2])
    found = {(each.check, each.object): each for each in audit.findings}
    assert alone & set(LEAKS.values()) == set()
    assert found.keys() >= set(LEAKS.values())
    assert found["undeclared-column", "public.users.sender_phone on node 1"].facts["shards"] == [
        "users_102008"
    ]
    assert not [name for _, name in found if name.endswith("node 2")]
    assert [(each.node, each.why) for each in audit.target.nodes] == [("node 1", None), ("node 2", None)]
    assert audit.decided.nodes_unseen == ()


def test_what_all_have_is_one_finding(nodes: tuple[str, ...]) -> None:
    for url in nodes:
        run(url, "alter table public.webauthn_credentials add column label text")
    for url in nodes[1:]:
        run(url, "create table public.kept (line text)")
    audit = audited(nodes[0], node_1=nodes[1], node_2=nodes[2])
    found = {
        each.object: each.facts.get("nodes")
        for each in audit.findings
        if each.check.startswith("undeclared-")
    }
    assert found["public.webauthn_credentials.label"] == ["0", "1", "2"]
    assert found["public.kept on nodes 1, 2"] == ["1", "2"]
    assert found["citus"] == ["0", "1", "2"]


def test_a_node_that_does_not_answer_was_not_looked_at(nodes: tuple[str, ...]) -> None:
    gone = nodes[2].replace("/test_", "/gone_")
    audit = audited(nodes[0], node_1=nodes[1], node_2=gone)
    (told,) = [each for each in audit.target.nodes if each.why]
    assert told.node == "node 2"
    assert "cannot connect" in (told.why or "")
    assert audit.decided.nodes_unseen == ("node 2",)
    assert not [each.claim for each in audit.claims if each.verdict.value == "pass"]
    # another node than the one that it is said to be; one that nothing names
    audit = audited(nodes[0], node_1=nodes[2])
    assert [each.why for each in audit.target.nodes] == [
        "what answered is node 2, a worker,",
        "no --node 2=URL names a connection to it",
    ]
    run(nodes[2], "delete from pg_catalog.pg_dist_node where groupid = 1")
    audit = audited(nodes[0], node_1=nodes[1], node_2=nodes[2])
    assert audit.decided.nodes_unseen == ("node 2",)


def test_connections_between_nodes_that_anybody_reads(nodes: tuple[str, ...]) -> None:
    stored = {"disable": "sslmode=disable", "none": "connect_timeout=5", "full": "sslmode='verify-full'"}
    for url, value in zip(nodes, stored.values(), strict=True):
        with psycopg.connect(url, autocommit=True) as admin:
            name = sql.Identifier(admin.info.dbname)
            admin.execute(sql.SQL("alter database {} set citus.node_conninfo = {}").format(name, value))
    audit = audited(nodes[0], node_1=nodes[1], node_2=nodes[2])
    found = [each.object for each in audit.findings if each.check == "recording-setting"]
    told = [
        each.partition(" on ")[2] for each in found if each.partition(" on ")[0].endswith("node_conninfo")
    ]
    assert sorted(told) == ["", "node 1"]


def test_preflight_and_check_look_at_each_node(nodes: tuple[str, ...], run_nosender: RunNosender) -> None:
    version = Chain.load(VERSIONS).head
    run(
        nodes[0],
        "create table public.alembic_version "
        "(version_num varchar(32) constraint alembic_version_pkc primary key)",
        f"insert into public.alembic_version values ('{version}')",
    )
    named = ("--every-node", "--node", f"1={nodes[1]}")
    answer = run_nosender("--url", nodes[0], "audit", "preflight", *named)
    assert answer.returncode == 3
    assert "node 2: not looked at: no --node 2=URL names a connection to it" in answer.stdout
    assert "node 1" not in answer.stdout
    answer = run_nosender("--url", nodes[0], "db", "check", *named)
    assert (answer.returncode, answer.stdout) == (
        3,
        "node 2 was not looked at: no --node 2=URL names a connection to it\n",
    )
    run(nodes[2], "set search_path to public", *LEAKS)
    named = (*named, "--node", f"2={nodes[2]}")
    answer = run_nosender("--url", nodes[0], "db", "check", *named, "--format", "json")
    one, two = json.loads(answer.stdout)["nodes"]
    assert (answer.returncode, one) == (1, {"node": "1", "why": None, "differences": []})
    assert "column public.users.sender_phone: only there, in the shard users_102008" in two["differences"]
    assert (
        "constraint public.users.users_phone_number_e164: not there, in the shard users_102008"
        in two["differences"]
    )


def test_one_server_says_so(migrated: str, run_nosender: RunNosender) -> None:
    for words in (("audit", "run"), ("audit", "preflight")):
        answer = run_nosender("--url", migrated, *words, "--every-node")
        assert "there is no other node to look at" in answer.stderr, words
        answer = run_nosender("--url", migrated, *words, "--every-node", "--node", f"1={migrated}")
        assert (answer.returncode, "there is no other node" in answer.stderr) == (2, True), words


def test_nodes_that_are_none(nodes: tuple[str, ...], migrated: str) -> None:
    with pytest.raises(UsageError, match="the others are 1, 2"):
        audited(nodes[0], node_7=nodes[1])
    with pytest.raises(UsageError, match="starts at the coordinator"):
        audited(nodes[1], node_0=nodes[0])
    with pytest.raises(UsageError, match="there is no other node"):
        audited(migrated, node_1=nodes[1])
    assert audited(migrated).target.nodes == ()


def test_the_command_tells_nodes_and_no_address(nodes: tuple[str, ...], run_nosender: RunNosender) -> None:
    secret = nodes[2].replace("password=", "password=hidden")
    words = ("--every-node", "--node", f"1={nodes[1]}", "--node", f"2={secret}", "--format", "json")
    answer = run_nosender("--url", nodes[0], "audit", "run", *words)
    report = json.loads(answer.stdout)
    assert "hidden" not in answer.stdout
    assert report["run"]["command"].endswith("--every-node --node 1 --node 2")
    assert [each["transport"] for each in report["target"]["nodes"]] == ["a connection of its own"] * 2
    assert "Looked at the coordinator, node 1, node 2" in " ".join(report["beside"])
    for wrong in (("--node", f"1={nodes[1]}"), ("--every-node", "--node", nodes[1].partition("?")[0])):
        assert run_nosender("--url", nodes[0], "audit", "run", *wrong).returncode == 2
