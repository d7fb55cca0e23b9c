"""Sweep, settling and status of each node, on databases that look like nodes: no Citus is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from nosender.errors import IncompleteError, NosenderError, UsageError
from nosender.retention.every_node.status import read_status, read_unsettled
from nosender.retention.ledger import verify_target
from nosender.retention.stop import Stop
from nosender.retention.sweep import FAST, SweepReceipt, sweep
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import RunNosender
from .sharded import ONE, TWO, make_shard, named, sharded, store
from .stand_in import run

PAST = "date_trunc('hour', now() at time zone 'utc') - interval '1 hour'"
GROUP = "case when length(node) > 30 then left(node, -30) else node end"
"""A receipt's node begins with the number of its group."""
SLOW = replace(FAST, most=5)
AHEAD = "date_trunc('hour', now() at time zone 'utc') + interval '9 days'"


@pytest.fixture
def urls(server: EmbeddedServer) -> Iterator[tuple[str, ...]]:
    with sharded(server) as found:
        yield found


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        return connection.execute(query.encode()).fetchall()


def swept(urls: tuple[str, ...], **options: Any) -> SweepReceipt:
    return sweep(Target(urls[0]), **{"pace": FAST, "nodes": named(urls), **options})


def receipts(url: str, phase: str) -> list[tuple[Any, ...]]:
    return rows(
        url,
        f"select table_name, {GROUP}, status, error_class, deleted, children, settled "
        f"from public.retention_runs where phase = '{phase}' order by id",
    )


def outcomes(url: str) -> list[tuple[Any, ...]]:
    return [(status, error_class) for _, _, status, error_class, *_ in receipts(url, "finished")]


def test_each_node_is_swept_and_has_a_receipt_with_true_counts(urls: tuple[str, ...]) -> None:
    store(urls[1], 102010, ONE, 120, f"case when n <= 70 then {PAST} else {AHEAD} end")
    store(urls[2], 102011, TWO, 90, f"case when n <= 40 then {PAST} end")
    run(
        urls[0],
        "insert into public.ephemeral_keys "
        "(destination_phone, ephemeral_public_key, key_exchange_id, expires_at)"
        f" select '{ONE}', sha256('a'), 'k' || n, now() at time zone 'utc' - interval '1 day'"
        " from generate_series(1, 5) as n",
    )
    receipt = swept(urls, tables=["messages", "ephemeral_keys"])
    assert (receipt.status, receipt.deleted, receipt.children) == ("done", 115, 220)
    assert receipts(urls[0], "swept") == [
        ("ephemeral_keys", "0", "done", None, 5, 0, 0),
        ("messages", "1", "done", None, 70, 140, 0),
        ("messages", "2", "done", None, 40, 80, 0),
    ]
    assert rows(urls[1], "select count(*) from public.messages_102010") == [(50,)]
    assert rows(urls[2], "select count(*) from public.message_deliveries_102031") == [(100,)]
    assert rows(urls[0], "select count(*) from public.ephemeral_keys") == [(0,)]
    # the node is in the chain: another one breaks it
    assert verify_target(Target(urls[0])).problems == ()
    run(
        urls[0],
        "alter table public.retention_runs disable trigger user",
        f"update public.retention_runs set node = '2' where {GROUP} = '1'",
    )
    assert verify_target(Target(urls[0])).problems == (
        "row 3 is not what was written: its contents and its hash differ",
    )


def test_counts_are_true_where_the_server_keeps_none(urls: tuple[str, ...]) -> None:
    store(urls[1], 102010, ONE, 30, f"case when n <= 10 then {PAST} else {AHEAD} end")
    run(
        urls[1],
        f"alter database {conninfo_to_dict(urls[1])['dbname']} set track_counts = off",
    )
    assert swept(urls, tables=["messages"]).children == 20


def test_a_node_that_is_down_is_named_and_the_others_are_swept(
    urls: tuple[str, ...], run_nosender: RunNosender
) -> None:
    store(urls[1], 102010, ONE, 20, PAST)
    gone = urls[2].replace("/test_", "/gone_")
    words = ("--every-node", "--node", f"1={urls[1]}", "--node", f"2={gone}", "--canary", "--fast")
    answer = run_nosender("--url", urls[0], "retention", "sweep", *words)
    assert answer.returncode == 3
    assert "node 2 was not swept to its end: cannot connect" in answer.stderr
    assert answer.stdout.startswith("partial: 20 deleted, 40 with them")
    assert receipts(urls[0], "swept")[-2:] == [
        ("messages", "1", "done", None, 20, 40, 0),
        ("messages", "2", "partial", "node-down", 0, 0, 0),
    ]
    assert outcomes(urls[0]) == [("partial", "node-down")]
    assert receipts(urls[0], "planted") == []
    assert not verify_target(Target(urls[0])).unfinished


def test_a_node_that_breaks_under_the_sweep_counts_what_it_committed(urls: tuple[str, ...]) -> None:
    store(urls[1], 102010, ONE, 40, PAST)
    store(urls[2], 102011, TWO, 40, PAST)
    ended = []

    def end_node_2(_state: object) -> None:
        if not ended:
            ended.extend(
                rows(
                    urls[0],
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    f"where datname = '{conninfo_to_dict(urls[2])['dbname']}'",
                )
            )

    receipt = swept(urls, pace=SLOW, tables=["messages"], progress=end_node_2)
    left = rows(urls[2], "select count(*) from public.messages_102011")[0][0]
    assert (receipt.status, receipt.error_class, left > 0) == ("partial", "node-down", True)
    assert receipt.deleted == 40 + 40 - left
    assert swept(urls, tables=["messages"]).deleted == left


def test_a_part_that_moves_is_met_by_its_new_owner(urls: tuple[str, ...]) -> None:
    store(urls[1], 102010, ONE, 30, PAST)
    moved = []

    def move(_state: object) -> None:
        """From node 2 to node 1, which has begun by then: a second look finds it there."""
        if moved:
            return
        moved.append(True)
        run(urls[1], make_shard(102011))
        store(urls[1], 102011, TWO, 40, PAST)
        for url in urls:
            run(url, "update pg_catalog.pg_dist_placement set groupid = 1 where shardid in (102011, 102031)")

    receipt = swept(urls, pace=SLOW, tables=["messages"], progress=move)
    assert rows(urls[1], "select count(*) from public.messages_102011") == [(0,)]
    assert (receipt.status, receipt.deleted, receipt.children) == ("done", 70, 140)
    told = {node: deleted for _, node, _, _, deleted, _, _ in receipts(urls[0], "swept")}
    assert told == {"1": 70, "2": 0}
    # who still asks for it where it stood is told so, whatever is left there
    took = [rows(url, "select public.retention_take('messages', '0')") for url in urls]
    assert took == [[(False,)], [(True,)], [(False,)]]


def test_nothing_is_swept_where_a_node_is_not_named(urls: tuple[str, ...], migrated: str) -> None:
    target, every = Target(urls[0]), named(urls)
    with pytest.raises(IncompleteError, match="name each other node, with --every-node"):
        sweep(target)
    with pytest.raises(UsageError, match="no --node 2=URL names"):
        sweep(target, nodes={"1": every["1"]})
    with pytest.raises(UsageError, match="--node 7 names no node"):
        sweep(target, nodes={**every, "7": every["1"]})
    with pytest.raises(IncompleteError, match="connect to its coordinator"):
        sweep(every["1"], nodes={})
    with pytest.raises(UsageError, match="there is no other node"):
        sweep(Target(migrated), nodes=every)
    with pytest.raises(UsageError, match="each node has a session of its own"):
        sweep(target, nodes=every, workers=2)
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="--every-node"):
        rows(urls[0], "call public.retention_sweep()")
    assert rows(urls[0], "select count(*) from public.retention_runs") == [(0,)]


def test_what_answers_in_the_place_of_a_node_is_not_swept(urls: tuple[str, ...]) -> None:
    store(urls[1], 102010, ONE, 20, PAST)
    store(urls[2], 102011, TWO, 20, PAST)
    receipt = swept(urls, nodes={"1": Target(urls[2]), "2": Target(urls[2])}, tables=["messages"])
    assert (receipt.status, receipt.error_class, receipt.deleted) == ("partial", "node-differs", 20)
    assert "node 1 was not swept to its end: what answered is node 2" in receipt.warnings
    # another policy there, and a function of somebody's that would run with a superuser's rights
    run(
        urls[2],
        "create or replace function public.retention_due(expires_column text, at_once text) returns text "
        "language sql immutable as $$ select 'now()' $$",
    )
    receipt = swept(urls, tables=["messages"])
    assert (receipt.status, receipt.error_class, receipt.deleted) == ("partial", "node-differs", 20)
    assert "retention_due" in " ".join(receipt.warnings)


def test_each_node_settles_its_own_parts(urls: tuple[str, ...]) -> None:
    store(urls[1], 102010, ONE, 200, AHEAD)
    store(urls[2], 102011, TWO, 150, f"case when n <= 50 then {PAST} else {AHEAD} end")
    before = rows(urls[1], "select id from public.messages_102010 order by ctid")
    planned = read_unsettled(Target(urls[0]), read_status(Target(urls[0]), named(urls)))
    assert {each.table: each.rows for each in planned} == {"messages": 350, "message_deliveries": 700}
    receipt = swept(urls)
    assert (receipt.status, receipt.settled, receipt.warnings) == ("done", 300 + 600, ())
    told = [each for each in receipts(urls[0], "settled") if each[6]]
    assert sorted((table, node, settled) for table, node, *_, settled in told) == [
        ("message_deliveries", "1", 400),
        ("message_deliveries", "2", 200),
        ("messages", "1", 200),
        ("messages", "2", 100),
    ]
    after = rows(urls[1], "select id from public.messages_102010 order by ctid")
    assert (sorted(after), after == before) == (sorted(before), False)
    # one transaction wrote the set, and the receipt has its number
    (wrote,) = rows(urls[1], "select distinct xmin::text::bigint from public.messages_102010")
    query = "select error_class from public.retention_runs where phase = 'settled'"
    assert (f"transaction-{wrote[0]}",) in rows(urls[0], query)
    assert verify_target(Target(urls[0])).problems == ()
    # all is settled; what is touched is not
    status = read_status(Target(urls[0]), named(urls))
    assert read_unsettled(Target(urls[0]), status) == ()
    assert swept(urls).settled == 0
    run(urls[1], "update public.messages_102010 set message_type = 'media' where message_id = 'm-7'")
    query = "select due from public.retention_part_unsettled('messages', now()::timestamp, '{%s}', '{}')"
    assert rows(urls[1], query % wrote) == [(1,)]


def test_sets_of_another_timeline_settle_again(urls: tuple[str, ...]) -> None:
    store(urls[1], 102010, ONE, 20, AHEAD)
    swept(urls)
    (place,) = rows(urls[1], "select public.retention_node()")
    targets = "select settled <> '{}' or rising <> '{}' from public.retention_part_targets('messages', '%s')"
    assert rows(urls[0], targets % place[0]) == []
    assert set(rows(urls[0], targets % place[0][:-1])) == {(False,)}


def test_the_status_is_of_every_node(urls: tuple[str, ...], run_nosender: RunNosender) -> None:
    store(urls[1], 102010, ONE, 30, PAST)
    store(urls[2], 102011, TWO, 12, PAST)
    run(urls[2], make_shard(102010))
    run(urls[0], "insert into public.users (phone_number) values ('+15550109999')")
    words = ("retention", "status", "--every-node", "--node", f"1={urls[1]}")
    answer = run_nosender("--url", urls[0], *words, "--node", f"2={urls[2]}")
    assert answer.returncode == 0, answer.stderr
    told = " ".join(answer.stdout.split())
    assert "coordinator: nothing due; settled; old copies, which no sweep reaches: users" in told
    assert "node 1: 30 due, the oldest since" in told
    assert "in messages; 90 rows to settle node 2" in told
    assert "old copies, which no sweep reaches: message_deliveries_102030, messages_102010" in told
    answer = run_nosender("--url", urls[0], *words, "--format", "json")
    found = json.loads(answer.stdout)
    assert (answer.returncode, found["nodes"][2]["why"]) == (3, "no --node 2=URL names a connection to it")
    assert next(each["due"] for each in found["overdue"] if each["table"] == "messages") == 30
    answer = run_nosender("--url", urls[0], "retention", "status", *words[2:], "--format", "prometheus")
    assert "nosender_retention_nodes_unseen{" in answer.stdout


def test_an_interrupted_sweep_says_so_of_each_node(urls: tuple[str, ...]) -> None:
    store(urls[1], 102010, ONE, 30, PAST)
    stop = Stop()
    receipt = swept(urls, pace=SLOW, stop=stop, progress=lambda _: stop.set())
    left = rows(urls[1], "select count(*) from public.messages_102010")[0][0]
    assert (receipt.status, receipt.deleted, receipt.children) == ("interrupted", 30 - left, 2 * (30 - left))
    assert verify_target(Target(urls[0])).problems == ()
    assert swept(urls, tables=["messages"]).deleted == left


def test_a_failing_node_fails_the_sweep_and_the_ledger_says_so(urls: tuple[str, ...]) -> None:
    store(urls[1], 102010, ONE, 30, PAST)
    run(
        urls[1],
        "create function public.refuse() returns trigger language plpgsql "
        "as 'begin raise exception ''no''; end'",
        "create trigger kept before delete on public.messages_102010 "
        "for each row execute function public.refuse()",
    )
    with pytest.raises(NosenderError):
        swept(urls, tables=["messages"])
    assert outcomes(urls[0]) == [("failed", "node-failed")]
    assert ("messages", "1", "failed", "P0001", 0, 0, 0) in receipts(urls[0], "swept")


def test_a_setting_leads_to_no_other_table(urls: tuple[str, ...]) -> None:
    run(urls[1], "create table public.messages_999 (like public.messages including all)")
    with psycopg.connect(urls[1]) as connection:
        connection.execute("select set_config('nosender.part', '999', false)")
        assert connection.execute("select public.retention_place('messages')").fetchone() == (None,)
        connection.execute("select set_config('nosender.part', '-2147483648', false)")
        assert connection.execute("select public.retention_place('messages')").fetchone() == (
            "public.messages_102010",
        )


def test_parts_are_vacuumed_and_written_anew(urls: tuple[str, ...], run_nosender: RunNosender) -> None:
    store(urls[1], 102010, ONE, 2000, PAST)
    assert swept(urls, tables=["messages"]).deleted == 2000
    words = ("--every-node", "--node", f"1={urls[1]}", "--node", f"2={urls[2]}", "--rewrite", "--yes")
    answer = run_nosender("--url", urls[0], "retention", "erase", *words)
    assert answer.returncode == 0, answer.stderr
    assert "writing anew messages_102010 on node 1" in answer.stderr
    assert rows(urls[1], "select pg_relation_size('public.messages_102010')") == [(0,)]
