"""No column of a settled set keeps the order in which its rows came, whatever the planner knows of tables."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from nosender.retention.sweep import FAST, GENTLE, Pace

from . import settling
from .settling import do, groups, kept_order, send, settle

CHANCE = 5.0  # deviations of a random order: one set in two million is above; sixty in order have 7.7

BY_NUMBER = (
    "(select substr(m.message_id, 2)::integer from messages as m where m.id = message_deliveries.message_id)"
)


@pytest.fixture
def owner(any_migrated: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(any_migrated, autocommit=True, options="-c TimeZone=UTC") as connection:
        settling.set_back(connection)
        settling.people(any_migrated, 3)
        yield connection


def pages(owner: psycopg.Connection, table: str) -> float:
    """How often neighbours in the order in which they came lie in the same page."""
    row = owner.execute(
        f"""
        select avg((block = next)::integer)
        from (
          select
            (ctid::text::point)[0] as block,
            lead((ctid::text::point)[0]) over (order by substr(message_id, 2)::integer) as next
          from {table}
        ) as places
        """.encode()
    ).fetchone()
    assert row is not None
    return float(row[0])


@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
@pytest.mark.parametrize("before", [0, 3000], ids=["empty", "filled"])
@pytest.mark.parametrize("count", [60, 1500], ids=["small", "larger"])
def test_settled_rows_keep_no_order(
    any_migrated: str, owner: psycopg.Connection, analysed: bool, before: int, count: int
) -> None:
    owner.execute("alter table messages set (autovacuum_enabled = off)")
    owner.execute("alter table message_deliveries set (autovacuum_enabled = off)")
    if before:
        send(any_migrated, "01:10", before, name="b", to=2)
        settle(any_migrated, "02:10")
    send(any_migrated, "02:20", count)
    if analysed:
        owner.execute("analyze")
    order = "substr(message_id, 2)::integer"
    of_ours = (
        "(select * from message_deliveries where message_id in "
        "(select id from messages where message_id like 'm%')) as message_deliveries"
    )
    fresh = "(select ctid as place, * from messages where message_id like 'm%') as messages"
    fresh_deliveries = of_ours.replace("select *", "select ctid as place, *", 1)
    assert kept_order(owner, fresh, "place", order)[0] > CHANCE  # or the test is blind
    settle(any_migrated, "03:10")
    assert kept_order(owner, fresh, "place", order) < (CHANCE, count + 1)
    assert kept_order(owner, fresh_deliveries, "place", BY_NUMBER)[0] < CHANCE
    assert kept_order(owner, of_ours, "id", BY_NUMBER)[0] < CHANCE


def test_rows_leave_their_pages_where_expired_ones_have_left_room(
    any_migrated: str, owner: psycopg.Connection
) -> None:
    content = "decode(repeat('ab', 60), 'hex')"
    do(
        any_migrated,
        "01:10",
        *(
            f"select send_message('{settling.person(1)}', {content}, '{name}{n}', 'text', {expires})"
            for n in range(200)
            for name, expires in (("m", "null"), ("gone", "interval '1 hour'"))
        ),
    )
    tables = ("messages as m", "message_deliveries as d join messages as m on m.id = d.message_id")

    def pages_of() -> list[list[float]]:
        rows = [
            owner.execute(
                f"select array_agg(({table.split(' as ')[1][0]}.ctid::text::point)[0] order by m.message_id) "
                f"from {table} where m.message_id like 'm%'".encode()
            ).fetchone()
            for table in tables
        ]
        return [row[0] for row in rows if row is not None]

    before = pages_of()
    settle(any_migrated, "03:10")
    for old, new in zip(before, pages_of(), strict=True):
        assert len(old) == len(new) == 200
        assert sum(one == other for one, other in zip(old, new, strict=True)) < 20


def test_values_out_of_line_get_new_numbers(any_migrated: str, owner: psycopg.Connection) -> None:
    send(any_migrated, "01:10", 200, size=4000)
    toast = owner.execute("select reltoastrelid::regclass::text from pg_class where relname = 'messages'")
    (name,) = toast.fetchone() or ("",)
    with_chunk = (
        f"(select chunk.chunk_id, m.message_id from messages as m join {name} as chunk "
        "on chunk.chunk_seq = 0 "
        "and chunk.chunk_data = substr(m.encrypted_content, 1, octet_length(chunk.chunk_data))) as messages"
    )
    order = "substr(message_id, 2)::integer"
    content = "select sha256(string_agg(encrypted_content, '' order by message_id)) from messages"
    before = owner.execute(content.encode()).fetchone()
    assert kept_order(owner, with_chunk, "chunk_id", order)[0] > CHANCE
    settle(any_migrated, "02:10")
    kept, count = kept_order(owner, with_chunk, "chunk_id", order)
    assert count == 200
    assert kept < CHANCE
    assert owner.execute(content.encode()).fetchone() == before


def test_the_update_leads_from_the_shuffled_places_to_the_rows(
    any_migrated: str, owner: psycopg.Connection
) -> None:
    """By any other plan the rows would be written in the order in which they lie."""
    send(any_migrated, "01:10", 300)
    owner.execute("analyze")
    owner.execute("set enable_seqscan = off")
    rows = owner.execute(
        """
        explain update messages as r set message_type = r.message_type
        from unnest((select array_agg(ctid) from messages)) as chosen (place) where r.ctid = chosen.place
        """
    ).fetchall()
    plan = [line.strip() for (line,) in rows]
    loop = next(number for number, line in enumerate(plan) if "Nested Loop" in line)
    assert "Function Scan on unnest" in plan[loop + 1]
    assert any("Tid Scan on messages r" in line for line in plan[loop + 2 :])


@pytest.mark.parametrize(
    ("pace", "cap", "foreign"),
    [(FAST, "20000", False), (GENTLE, "3000", True)],
    ids=["fast", "gentle, under a foreign snapshot"],
)
def test_a_set_above_the_cap_is_settled_in_random_parts(
    any_migrated: str,
    owner: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    pace: Pace,
    cap: str,
    foreign: bool,
) -> None:
    """And its rows leave their pages: under the program's snapshot nothing is cleared between two parts."""
    body = owner.execute("select pg_get_functiondef('retention_settle'::regproc)").fetchone()
    assert body is not None
    owner.execute(body[0].replace(cap, "100").encode())
    monkeypatch.setattr("nosender.retention.sweep.refuse_replaced", lambda *_, **__: None)
    send(any_migrated, "01:10", 800)
    assert pages(owner, "messages") > 0.9
    with psycopg.connect(any_migrated) as other:
        other.execute("set transaction isolation level repeatable read")
        if foreign:
            other.execute("select count(*) from messages")
        settle(any_migrated, "02:10", pace=pace)
    assert groups(owner, "messages") == [100] * 8
    assert pages(owner, "messages") < 0.1
    order = "substr(message_id, 2)::integer"
    place = "(select ctid as place, * from messages) as messages"
    number = "(select xmin::text::bigint as number, * from messages) as messages"
    assert kept_order(owner, place, "place", order)[0] < CHANCE
    assert kept_order(owner, number, "number", order)[0] < CHANCE
    last = "select status, settled from retention_runs where table_name = 'messages' and phase = 'settled'"
    assert owner.execute(f"{last} order by id desc limit 2".encode()).fetchall() == [
        *(("done", 0), ("partial", 100))
    ]


def test_without_a_second_session_a_set_is_one_transaction(
    any_migrated: str, owner: psycopg.Connection
) -> None:
    body = owner.execute("select pg_get_functiondef('retention_settle'::regproc)").fetchone()
    assert body is not None
    owner.execute(body[0].replace("20000", "100").encode())
    send(any_migrated, "01:10", 400)
    do(any_migrated, "02:10", "call retention_sweep(target_ms => null, duty => 1)")
    assert groups(owner, "messages") == [400]


def test_nobody_who_comes_by_an_index_opens_the_room_again(
    any_migrated: str, owner: psycopg.Connection
) -> None:
    """A page with room keeps what is dead in it until it is full: tidied then, it has room once more."""
    content = "decode(repeat('ab', 60), 'hex')"
    calls = (
        f"select send_message('{settling.person(1)}', {content}, 'm{n:03}', 'text', null)" for n in range(400)
    )
    do(any_migrated, "01:10", *calls)
    for table in ("messages", "message_deliveries"):
        owner.execute(f"alter table {table} set (autovacuum_enabled = off)".encode())
    owner.execute("delete from messages where substr(message_id, 2)::integer % 2 = 0")
    for table in ("messages", "message_deliveries"):
        owner.execute(f"select count(xmin) from {table}".encode())  # which tidies the pages: they are full
    owner.execute("delete from messages where substr(message_id, 2)::integer % 10 = 1")
    places = (
        b"select (d.ctid::text::point)[0] from message_deliveries as d"
        b" join messages as m on m.id = d.message_id order by m.message_id"
    )
    before = owner.execute(places).fetchall()
    settle(any_migrated, "03:10")
    after = owner.execute(places).fetchall()
    assert len(before) == len(after) == 160
    assert len(set(before)) > 1
    assert [old for old, new in zip(before, after, strict=True) if old == new] == []
