"""Schemas in the style of real systems, labelled: every place is found, in empty tables and in full ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from nosender.privacy_audit.explore.explore import BOUND, look
from nosender.privacy_audit.explore.guessing.guesses import guess
from nosender.privacy_audit.explore.measures import measure
from nosender.privacy_audit.explore.model import Exploration, PlaceKind
from nosender.privacy_audit.explore.tables import shapes_of
from nosender.privacy_audit.finding import Confidence
from nosender.schema.observe import observe

if TYPE_CHECKING:
    from tests.conftest import RunNosender

SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("*.sql"))


def labels(file: Path, *, rows: bool) -> set[str]:
    """The columns that the file says must be found."""
    marks = ("-- finds: ", "-- finds with rows: ") if rows else ("-- finds: ",)
    return {
        line.removeprefix(mark)
        for line in file.read_text().splitlines()
        for mark in marks
        if line.startswith(mark)
    }


def explored(conninfo: str, statements: str, **options: Any) -> Exploration:
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(statements.encode())
    with psycopg.connect(conninfo, options="-c search_path=pg_catalog,pg_temp") as connection:
        return look(connection, "public", **options)


def columns(exploration: Exploration) -> set[str]:
    return {f"{place.table[1]}.{name}" for place in exploration.found for name in place.people}


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.stem)
@pytest.mark.parametrize("rows", [False, True], ids=["empty", "rows"])
def test_every_place_is_found_and_nothing_else(database: str, file: Path, rows: bool) -> None:
    text = file.read_text()
    answer = explored(database, text if rows else text.split("-- rows")[0])
    assert columns(answer) == labels(file, rows=rows)
    assert answer.exit_code == (1 if labels(file, rows=rows) else 0)
    assert not answer.unseen


PLANTED = {
    "partition key": "create table chat (id bigint, body text, y int) "
    "partition by range ((case when f('p') then y end)); "
    "create table chat_1 partition of chat for values from (0) to (100)",
    "index": "create table chat (id bigint, body text, y int); "
    "create index on chat ((case when f('i') then y end))",
    "partition's index": "create table chat (id bigint, body text, y int) partition by range (y); "
    "create table chat_1 partition of chat for values from (0) to (100); "
    "create index on chat_1 ((case when f('i') then y end))",
    "predicate": "create table chat (id bigint, body text, y int); create index on chat (y) where f('w')",
    "statistics": "create table chat (id bigint, body text, y int); "
    "create statistics chat_s on (case when f('s') then y end), id from chat",
}


@pytest.mark.parametrize("kind", PLANTED)
def test_no_function_of_the_database_runs(database: str, kind: str) -> None:
    """Neither while its rows would be read, nor before: the table is named as not looked at."""
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            "create sequence fired; create function f(w text) returns boolean language plpgsql immutable as "
            "$$ begin perform nextval('public.fired'); return true; end $$"
        )
        admin.execute(PLANTED[kind].encode())
        admin.execute("insert into chat select n, 'hello', n from generate_series(1, 50) as n")
        admin.execute("analyze")
        before = admin.execute("select last_value, is_called from fired").fetchone()
    answer = explored(database, "select 1")
    with psycopg.connect(database) as admin:
        assert admin.execute("select last_value, is_called from fired").fetchone() == before
    assert any("public.chat" in each and "would run a function" in each for each in answer.unseen)


def test_a_store_of_queues_is_told_as_what_it_is(database: str) -> None:
    answer = explored(database, (SCHEMAS[0].parent / "queues.sql").read_text())
    assert not answer.places
    assert "Identifiers of queues" in answer.notes[0]
    assert "relay.queues" in answer.notes[0]


def test_our_own_schema_has_no_place(migrated: str) -> None:
    with psycopg.connect(migrated) as connection:
        answer = look(connection, "public")
    assert not answer.places


def test_values_make_a_guess_certain(database: str) -> None:
    answer = explored(database, (SCHEMAS[0].parent / "numbers.sql").read_text())
    (place,) = answer.places
    assert place.kind is PlaceKind.SENDER_AND_RECIPIENT
    assert place.confidence is Confidence.CERTAIN
    assert "100% of the values" in place.why
    assert "to the millisecond" in place.sentence


def test_traits_are_measured(database: str) -> None:
    answer = explored(database, (SCHEMAS[0].parent / "team_chat.sql").read_text())
    traits = {(each.what, each.table[1], each.column): each for each in answer.traits}
    assert traits["time", "posts", "createat"].told == "to the millisecond"
    assert traits["text", "posts", "message"].told == "100% of it can be read"
    assert traits["address", "sessions", "ip"].measured
    assert ("search", "posts", "message") in traits or any(what == "search" for what, *_ in traits)


def test_ciphertext_is_told_from_text(database: str) -> None:
    answer = explored(database, (SCHEMAS[0].parent / "private_chat.sql").read_text())
    assert [each.what for each in answer.traits if each.column == "ciphertext"] == ["ciphertext"]


def test_an_identifier_with_the_day_in_it_is_no_time(database: str) -> None:
    answer = explored(
        database,
        """
        create table users (id bigint primary key, email text unique);
        create table posts (
            id bigint primary key, user_id bigint references users (id), body text, mark bigint
        );
        insert into users select i, i || '@example.org' from generate_series(1, 30) as i;
        insert into posts
        select
            (i / 100 + 2500) * 549755813888 + hashint8extended(i, 0) % 274877906944 + 274877906944,
            i % 30 + 1, 'ok', 1700000000000000 + i * 977 from generate_series(1, 300) as i
        """,
    )
    times = {each.column: each.told for each in answer.traits if each.what == "time"}
    assert times == {"mark": "to the microsecond"}


@pytest.mark.parametrize("text", ["hello", "ok :)", "\u043f\u0440\u0438\u0432\u0435\u0442"])
def test_short_texts_are_text(database: str, text: str) -> None:
    answer = explored(
        database,
        f"""
        create table users (id bigint primary key, email text unique);
        create table messages (id bigint primary key, user_id bigint references users (id), body text,
          coded text, status text);
        insert into users select i, i || '@example.org' from generate_series(1, 30) as i;
        insert into messages
        select i, i % 30 + 1, '{text}', encode(sha256(i::text::bytea), 'base64'), 'sent'
        from generate_series(1, 300) as i
        """,
    )
    assert [each.column for each in answer.traits if each.what == "text"] == ["body"]


def test_what_may_not_be_read_is_said(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(b"create table users (id uuid primary key, email text unique)")
        admin.execute(b"drop role if exists explorer; create role explorer")
    try:
        with psycopg.connect(database, options="-c role=explorer") as connection:
            answer = look(connection, "public")
    finally:
        with psycopg.connect(database, autocommit=True) as admin:
            admin.execute(b"drop owned by explorer; drop role explorer")
    assert answer.unseen == ("rows of public.users: this role may not read them",)
    assert answer.exit_code == 3


def test_row_security_is_no_silence(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            b"create table users (id uuid primary key, email text unique);"
            b"alter table users enable row level security;"
            b"drop role if exists explorer_rls; create role explorer_rls;"
            b"grant select on users to explorer_rls"
        )
    try:
        with psycopg.connect(database, options="-c role=explorer_rls") as connection:
            answer = look(connection, "public")
    finally:
        with psycopg.connect(database, autocommit=True) as admin:
            admin.execute(b"drop owned by explorer_rls; drop role explorer_rls")
    assert any("row security" in each for each in answer.unseen)


def test_the_bound_on_tables_is_kept_and_told(database: str) -> None:
    from dataclasses import replace

    text = (SCHEMAS[0].parent / "team_chat.sql").read_text()
    answer = explored(database, text, bound=replace(BOUND, tables=2))
    assert answer.bound.sampled == 2
    assert any("more tables" in each for each in answer.unseen)


def test_nothing_is_written_and_no_name_is_resolved_outside_pg_catalog(database: str) -> None:
    """Operators of somebody's own stand first in the path, and would raise."""
    text = (SCHEMAS[0].parent / "numbers.sql").read_text()
    trap = """
        create schema trap;
        create function trap.boom(text, text) returns boolean language plpgsql
        as $$ begin raise 'called'; end $$;
        create operator trap.~ (function = trap.boom, leftarg = text, rightarg = text);
        create operator trap.= (function = trap.boom, leftarg = text, rightarg = text);
    """
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute((text + trap).encode())
    with psycopg.connect(database) as connection:
        world = guess(shapes_of(observe(connection, "public")))
        connection.execute(b"set search_path to trap, pg_catalog")
        measures, _, unseen = measure(connection, world.shapes, world, BOUND)
    assert not unseen
    assert measures.pairs


def test_the_command_line(database: str, run_nosender: RunNosender) -> None:
    explored(database, (SCHEMAS[0].parent / "roster.sql").read_text())
    ran = run_nosender("--url", database, "audit", "explore")
    assert ran.returncode == 1, ran.stderr
    assert "YES, from" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80
    ran = run_nosender("--url", database, "audit", "explore", "--format", "json", "--rows", "0")
    data = json.loads(ran.stdout)
    assert data["format"] == "nosender.explore/1"
    assert data["bound"]["rows"] == 0
    assert data["coverage"]["sampled"] == 0
