"""What goes by another name, stands in another place or is held by a view keeps its rows."""

from __future__ import annotations

import psycopg
import pytest

from nosender.schema.observe import reference

from .test_repairs import told

ELSEWHERE_OR_SWAPPED = [
    "create schema attic; alter table users set schema attic",
    'create schema "old one"; alter table users set schema "old one"; alter table webauthn_credentials'
    ' set schema "old one"',
    "alter table users rename to people; create view users as select * from people",
    "alter table users rename to x; alter table ephemeral_keys rename to users;"
    " alter table x rename to ephemeral_keys",
    "alter table users alter created_at type timestamptz(3)",
    'alter table messages rename created_at to x; alter table messages rename "timestamp" to created_at;'
    ' alter table messages rename x to "timestamp"',
]


@pytest.mark.parametrize("way", ELSEWHERE_OR_SWAPPED)
def test_what_was_moved_or_swapped_comes_back_with_its_rows(connection: psycopg.Connection, way: str) -> None:
    connection.execute("insert into users (phone_number) values ('+15550100001'), ('+15550100002')")
    connection.execute(way.encode())
    for difference in told(connection):
        assert not difference.destroys, difference.line
        connection.execute(difference.sql.encode())
    assert [each.line for each in told(connection) if each.declared and each.severity != "warning"] == []
    assert connection.execute("select count(phone_number) from users").fetchone() == (2,)


def test_another_set_of_ours_loses_nothing_to_this_one(connection: psycopg.Connection) -> None:
    connection.execute("drop table ephemeral_keys cascade; create schema second")
    for name in ("users", "ephemeral_keys"):
        made = next(each for each in reference("public").relations if each.name == name)
        columns = ", ".join(
            f'"{each.name}" {each.type}' for each in reference("public").columns if each.table == made.name
        )
        connection.execute(f"create table second.{name} ({columns})".encode())
    assert not [each.sql for each in told(connection) if "set schema" in each.sql]
    connection.execute("drop table second.users")
    assert [each.sql for each in told(connection) if "set schema" in each.sql] == [
        "alter table second.ephemeral_keys set schema public;"
    ]


def test_a_type_that_a_view_holds_waits_for_a_person(connection: psycopg.Connection) -> None:
    connection.execute("alter table users alter phone_number type varchar(30)")
    connection.execute("create view numbers as select phone_number from users")
    (held,) = [each for each in told(connection) if each.declared]
    assert (
        held.destroys
        == "nothing, once what reads the column is dropped, to be made again after: view public.numbers"
    )
