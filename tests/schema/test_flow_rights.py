"""The application's role may call the flow and touch nothing else."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors, sql

from nosender.schema import catalogue

from .app import app

FLOW = {
    "acknowledge", "active_devices", "active_public_key", "claim_ephemeral_key", "fetch_messages",
    "find_device", "forget_phone_number", "publish_ephemeral_key", "publish_public_key", "record_sign_count",
    "register_device", "register_person", "register_user", "revoke_device", "rotate_session_key",
    "send_message", "send_messages", "session_keys",
}  # fmt: skip


def test_the_application_may_run_the_flow_and_nothing_else(any_migrated: str) -> None:
    with psycopg.connect(any_migrated) as connection:
        found = connection.execute(
            """
            select proname, has_function_privilege('nosender_app', pg_proc.oid, 'execute'), prosecdef
            from pg_proc
            where pronamespace = 'public'::regnamespace and not exists (
              select from pg_depend where objid = pg_proc.oid and deptype = 'e'
            )
            """
        ).fetchall()
    assert {name for name, allowed, _ in found if allowed} == FLOW
    assert all(definer for name, allowed, definer in found if allowed)


def test_every_function_of_the_flow_is_declared() -> None:
    assert {function.name for function in catalogue.load().functions} >= FLOW


def test_the_application_has_no_right_on_any_table_column_or_sequence(any_migrated: str) -> None:
    with psycopg.connect(any_migrated) as connection:
        tables = connection.execute(
            """
            select relname, relkind from pg_class
            where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'S')
            """
        ).fetchall()
        assert len(tables) >= 14
        for name, kind in tables:
            rights = ["select", "update", "usage"] if kind == "S" else [
                "select", "insert", "update", "delete", "truncate", "references", "trigger",
            ]  # fmt: skip
            check = "has_sequence_privilege" if kind == "S" else "has_table_privilege"
            for right in rights:
                assert connection.execute(
                    f"select {check}('nosender_app', %s, %s)", [f"public.{name}", right]
                ).fetchone() == (False,), (name, right)
            if kind != "S":
                for right in ("select", "insert", "update", "references"):
                    assert connection.execute(
                        "select has_any_column_privilege('nosender_app', %s, %s)", [f"public.{name}", right]
                    ).fetchone() == (False,), (name, right)
        assert connection.execute(
            "select has_schema_privilege('nosender_app', 'public', 'create')"
        ).fetchone() == (False,)


TRIES = [
    "select * from {}",
    "insert into {} default values",
    "update {} set id = id",
    "delete from {}",
    "truncate {} cascade",
    "copy {} to stdout",
    "create trigger t before insert on {} for each row execute function refuse_time_zone()",
    "alter table {} disable trigger all",
    "drop table {}",
]


@pytest.mark.parametrize("statement", TRIES)
def test_whatever_the_application_tries_on_a_table_is_refused(migrated: str, statement: str) -> None:
    with app(migrated) as session:
        for table in (
            "users", "webauthn_credentials", "messages", "device_session_keys", "message_deliveries",
            "ephemeral_keys", "messaging_public_keys",
        ):  # fmt: skip
            with pytest.raises(errors.InsufficientPrivilege):
                session.connection.execute(
                    sql.SQL(statement).format(sql.Identifier("public", table))  # type: ignore[arg-type]
                )


def test_the_functions_of_the_triggers_are_not_for_the_application(migrated: str) -> None:
    with app(migrated) as session, pytest.raises((errors.InsufficientPrivilege, errors.FeatureNotSupported)):
        session.connection.execute("select public.refuse_time_zone()")


def test_a_hostile_session_changes_nothing(any_migrated: str) -> None:
    """Temporary tables, functions and operators of the caller's stand in for none of ours."""
    with psycopg.connect(any_migrated, autocommit=True) as admin:
        admin.execute("create schema hostile; grant all on schema hostile to nosender_app")
    with app(any_migrated) as session:
        run = session.connection.execute
        run("create temporary table users (id integer, phone_number text)")
        run("create temporary table webauthn_credentials (id integer, user_id integer, is_active boolean)")
        run("create temporary table messages (like pg_catalog.pg_class)")
        run("create function hostile.now() returns timestamptz language sql return 'epoch'::timestamptz")
        run("create function hostile.unnest(integer[]) returns setof integer language sql as 'select 99'")
        run("create function hostile.always(text, text) returns boolean language sql return true")
        run("create operator hostile.= (leftarg = text, rightarg = text, function = hostile.always)")
        run("create operator hostile.~ (leftarg = text, rightarg = text, function = hostile.always)")
        run("set search_path to hostile, pg_temp, pg_catalog")
        run("set default_transaction_isolation to 'read committed'")
        assert run("select current_user").fetchone() == ("nosender_app",)
        _, [device] = session.user("+15550100001")
        session.user("+15550100002")
        assert session.send("+15550100001", "m1")
        with pytest.raises(errors.InvalidParameterValue):
            session.send("not a phone", "m2")
        assert session.waiting(device) == ["m1"]
