"""Every kind of drift is one difference with the SQL that repairs it; equal schemas have none."""

from __future__ import annotations

import importlib

import psycopg
import pytest
from psycopg import sql

from nosender.schema import ddl
from nosender.schema.observe import Observation, differences, observe, reference

canonical = importlib.import_module("nosender.schema.observe.reference")

# statement, severity, the lines that it must lead to
DRIFT = [
    ("alter table messages add sender text", "strict", ["column public.messages.sender: expected absent"]),
    (
        "alter table messages drop column message_type cascade",
        "strict",
        ["column public.messages.message_type: expected present, found absent"],
    ),
    (
        "alter table users alter created_at drop not null",
        "strict",
        ["column public.users.created_at, not null"],
    ),
    (
        "alter table users alter created_at set default now()",
        "strict",
        ["column public.users.created_at, default"],
    ),
    (
        "alter table messages alter encrypted_content set statistics 100",
        "strict",
        ["column public.messages.encrypted_content, statistics target: expected 0, found 100"],
    ),
    (
        "drop index idx_messages_expires_at",
        "strict",
        ["index public.idx_messages_expires_at: expected present"],
    ),
    (
        "update pg_index set indisvalid = false where indexrelid = 'idx_messages_expires_at'::regclass",
        "strict",
        ["index public.idx_messages_expires_at, valid: expected yes, found no"],
    ),
    (
        "alter table messages disable trigger messages_guard",
        "strict",
        ["trigger messages_guard on public.messages, enabled: expected origin, found disabled"],
    ),
    (
        "drop trigger messages_guard on messages",
        "strict",
        ["trigger messages_guard on public.messages: expected"],
    ),
    (
        "grant select on messages to public",
        "strict",
        ["grant table public.messages to PUBLIC: expected absent, found SELECT"],
    ),
    ("grant update (read_at) on message_deliveries to nosender_app", "strict", ["grant column"]),
    ("grant create on schema public to nosender_app", "strict", ["grant schema public to nosender_app"]),
    ("alter table users owner to nosender_app", "low", ["table public.users, owner"]),
    (
        "alter table message_deliveries set (fillfactor=50)",
        "low",
        ["table public.message_deliveries, options"],
    ),
    (
        "drop table ephemeral_keys cascade",
        "strict",
        ["table public.ephemeral_keys: expected present, found absent"],
    ),
    ("create table extra (a int)", "strict", ["table public.extra: expected absent, found present"]),
    ("create view peek as select * from users", "strict", ["view public.peek: expected absent"]),
    ("create rule r as on insert to users do also notify x", "strict", ["rule r on public.users"]),
    ("create policy p on messages using (true)", "strict", ["policy p on public.messages"]),
    ("alter table messages enable row level security", "strict", ["table public.messages, row security"]),
    ("alter table messages replica identity full", "strict", ["table public.messages, replica identity"]),
    (
        "alter function users_guard() security definer",
        "strict",
        ["function public.users_guard(), security definer"],
    ),
    ("alter function users_guard() set search_path = x", "strict", ["function public.users_guard(), config"]),
    ("alter function users_guard() reset search_path", "strict", ["function public.users_guard(), config"]),
    (
        "create or replace function users_guard() returns trigger language plpgsql "
        "set search_path = pg_catalog, pg_temp as 'begin return new; end'",
        "strict",
        ["function public.users_guard(), body: expected "],
    ),
    ("create function f() returns int language sql return 1", "strict", ["function public.f()"]),
    ("create type t as enum ('a')", "strict", ["enum public.t: expected absent"]),
    ("create sequence s", "strict", ["sequence public.s"]),
    ("alter sequence users_id_seq increment 2", "strict", ["sequence public.users_id_seq, increment"]),
    ("create statistics st on id, expires_at from messages", "strict", ["statistics public.st"]),
    (
        "alter default privileges grant select on tables to public",
        "strict",
        ["default privilege on tables to PUBLIC"],
    ),
    ("alter role nosender_app login", "strict", ["role nosender_app, login: expected no, found yes"]),
    ("comment on function users_guard() is 'x'", "low", ["comment on function public.users_guard()"]),
]


def lines(connection: psycopg.Connection) -> list[str]:
    live = observe(connection, "public")
    return [difference.line for difference in differences(reference("public"), live, "public")]


def test_reference_is_fresh(any_server: object) -> None:
    """If this fails after a change of the DDL: python -m nosender.schema.observe, and commit the file."""
    made = canonical.make(any_server.conninfo())  # type: ignore[attr-defined]
    assert made == reference(canonical.PLACEHOLDER)


@pytest.mark.parametrize("schema", ["public", "msg", "We 'ird\"", "user"])
def test_no_difference_in_whatever_schema(any_database: str, schema: str) -> None:
    with psycopg.connect(any_database) as connection:
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        ddl.load(connection, schema)
        live = observe(connection, schema)
    assert differences(reference(schema), live, schema) == ()


@pytest.mark.parametrize(("statement", "severity", "expected"), DRIFT, ids=[row[0][:60] for row in DRIFT])
def test_drift_is_told_once_and_repaired(
    connection: psycopg.Connection, statement: str, severity: str, expected: list[str]
) -> None:
    connection.rollback()
    with connection.transaction(force_rollback=True):
        connection.execute(statement.encode())
        live = observe(connection, "public")
        found = differences(reference("public"), live, "public")
        assert len(found) == len(expected), [difference.line for difference in found]
        for difference, line in zip(found, expected, strict=True):
            assert difference.line.startswith(line)
            assert difference.severity == severity
        connection.execute("\n".join(difference.sql for difference in found).encode())
        theirs = [difference.line for difference in found if not difference.declared and not difference.sql]
        assert lines(connection) == theirs


def test_what_a_server_notes_of_its_columns_is_nobodys_option(connection: psycopg.Connection) -> None:
    connection.rollback()
    own = "update pg_attribute set attoptions = %s where attrelid = 'users'::regclass and attnum > 0"
    with connection.transaction(force_rollback=True):
        connection.execute(own, [["pg_attver=22305080"]])
        assert lines(connection) == []
        connection.execute(own + " and attname = 'created_at'", [["n_distinct=5", "pg_attver=22305080"]])
        assert lines(connection) == [
            "column public.users.created_at, options: expected none, found n_distinct=5"
        ]


def test_column_order_is_a_warning(connection: psycopg.Connection) -> None:
    connection.rollback()
    with connection.transaction(force_rollback=True):
        connection.execute("alter table webauthn_credentials drop column sign_count")
        connection.execute(
            "alter table webauthn_credentials add column sign_count bigint not null default 0,"
            " add constraint webauthn_credentials_sign_count_check"
            " check (sign_count >= 0 and sign_count <= 4294967295)"
        )
        live = observe(connection, "public")
        found = differences(reference("public"), live, "public")
    order = [difference for difference in found if difference.field == "position"]
    assert {difference.severity for difference in order} == {"warning"}
    assert {difference.object for difference in order} >= {"public.webauthn_credentials.sign_count"}


def test_names_cannot_steer_a_terminal(connection: psycopg.Connection) -> None:
    connection.rollback()
    with connection.transaction(force_rollback=True):
        connection.execute('create table "\x1b[2J\nx" (a int)')
        (line,) = lines(connection)
    assert "\x1b" not in line
    assert "\n" not in line


def test_the_version_table_is_no_difference_until_it_holds_more(connection: psycopg.Connection) -> None:
    connection.rollback()
    with connection.transaction(force_rollback=True):
        connection.execute(
            "create table alembic_version"
            " (version_num varchar(32) not null, constraint alembic_version_pkc primary key (version_num))"
        )
        assert lines(connection) == []
        connection.execute("alter table alembic_version add sender text")
        assert lines(connection) == ["column public.alembic_version.sender: expected absent, found present"]


def test_an_observation_of_the_reference_survives_json() -> None:
    assert Observation.from_json(reference("msg").to_json()) == reference("msg")
