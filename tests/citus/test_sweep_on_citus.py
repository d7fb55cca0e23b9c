"""Each node of Citus itself swept, settled and looked at, while shards are moved under it."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from nosender.retention.every_node.status import read_status
from nosender.retention.ledger import verify_target
from nosender.retention.sweep import FAST, sweep
from nosender.server.target import Target

from .sharded import named

pytestmark = pytest.mark.citus

PEOPLE, EACH = 20, 100
_TIMES = "date_trunc('hour', now() at time zone 'utc') - interval '3 hours'"
_STORE = (
    "insert into users (phone_number) select '+155504' || 10000 + n from generate_series(1, 20) as n",
    "insert into webauthn_credentials (user_id, phone_number, credential_id, public_key) "
    "select u.id, u.phone_number, decode(md5(u.id || '-' || n), 'hex'), '\\x01' "
    "from users as u, generate_series(1, 2) as n",
    f"""
    insert into messages
      (id, destination_phone, encrypted_content, message_id, created_at, timestamp, expires_at)
    select
      n * 1000 + p, '+155504' || 10000 + p, decode(repeat('ab', 40), 'hex'), gen_random_uuid()::text,
      {_TIMES}, {_TIMES}, {_TIMES} + case when n <= 60 then interval '1 hour' else interval '9 days' end
    from generate_series(1, 100) as n, generate_series(1, 20) as p
    """,
)


@pytest.fixture
def urls(own_cluster: tuple[str, ...]) -> tuple[str, ...]:
    with psycopg.connect(own_cluster[0], options="-c TimeZone=UTC", autocommit=True) as admin:
        for table in ("messages", "users"):
            admin.execute(f"delete from public.{table}")
        admin.execute("set search_path to public")
        for statement in _STORE:
            admin.execute(statement.encode())
        devices = admin.execute("select id, phone_number from webauthn_credentials").fetchall()
        messages = admin.execute("select id, destination_phone from messages").fetchall()
        found: dict[str, list[int]] = {}
        for device, phone in devices:
            found.setdefault(phone, []).append(device)
        with (
            admin.cursor() as cursor,
            cursor.copy(
                "copy message_deliveries (destination_phone, message_id, webauthn_credential_id) from stdin"
            ) as copy,
        ):
            for number, phone in messages:
                for device in found[phone]:
                    copy.write_row((phone, number, device))
    return own_cluster


def asked(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, options="-c citus.override_table_visibility=off") as connection:
        return connection.execute(query.encode()).fetchall()


def test_shards_are_swept_while_they_are_moved(urls: tuple[str, ...]) -> None:
    placed = asked(
        urls[0],
        "select s.shardid, n.nodename, n.nodeport, o.nodename, o.nodeport "
        "from pg_dist_shard as s join pg_dist_placement as p using (shardid) "
        "join pg_dist_node as n using (groupid) "
        "join pg_dist_node as o on o.groupid = 3 - n.groupid "
        "where s.logicalrelid = 'messages'::regclass order by s.shardid",
    )

    def move() -> None:
        with psycopg.connect(urls[0], autocommit=True) as admin:
            for shard in placed:
                admin.execute("select citus_move_shard_placement(%s, %s, %s, %s, %s, 'block_writes')", shard)

    mover = threading.Thread(target=move)
    mover.start()
    pace = replace(FAST, most=20, duty=0.5)
    receipt = sweep(Target(urls[0]), pace=pace, nodes=named(urls), tables=["messages"])
    mover.join()
    assert (receipt.status, receipt.deleted, receipt.children) == ("done", PEOPLE * 60, 2 * PEOPLE * 60)
    assert asked(urls[0], "select count(*) from messages") == [(PEOPLE * (EACH - 60),)]
    assert asked(urls[0], "select count(*) from message_deliveries") == [(2 * PEOPLE * (EACH - 60),)]


def test_each_node_settles_and_nobody_else_may_call_it(urls: tuple[str, ...]) -> None:
    # what was settled an hour ago is not looked at again before the next
    with psycopg.connect(urls[0], autocommit=True) as admin:
        admin.execute("set session_replication_role to replica")
        admin.execute("delete from public.retention_runs")
    receipt = sweep(Target(urls[0]), pace=FAST, nodes=named(urls), canary=True)
    assert (receipt.status, receipt.deleted) == ("done", PEOPLE * 60)
    assert receipt.settled >= 3 * PEOPLE * (EACH - 60)
    wrote = set()
    for url in urls[1:]:
        for (name,) in asked(url, "select home::text from public.retention_parts('messages')"):
            rows = asked(
                url, f"select xmin::text from {name} group by 1 having count(*) > 1"
            )  # not the canary
            wrote.add((url, len(rows)))
    assert {count for _, count in wrote} <= {0, 1}
    status = read_status(Target(urls[0]), named(urls))
    assert [each.why for each in status.nodes] == [None] * 3
    assert [each.unsettled for each in status.nodes] == [()] * 3
    assert verify_target(Target(urls[0])).problems == ()
    for url in urls:
        public = asked(
            url,
            "select p.proname from pg_proc as p where p.pronamespace = 'public'::regnamespace "
            "and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a "
            "where a.grantee = 0) and p.proname ~ '^(retention|audit|send|fetch|forget)_'",
        )
        assert public == []
        log = Path(str(conninfo_to_dict(url)["host"])) / "log"
        assert not re.findall(r".*\\+1555\\d{7}.*", log.read_text(encoding="utf-8", errors="replace"))
