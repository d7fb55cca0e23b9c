"""What is held about a number: told to the clerk, complete, without a secret and without the number."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo

from nosender.errors import NosenderError
from nosender.migrations.runner import Options, downgrade, upgrade
from nosender.retention.held import held_about
from nosender.schema.observe import Difference, differences, observe, reference
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..schema.app import CIPHERTEXT, IDENTITY, KEY, OTHER_KEY, SEALED, SIGNATURE, App, app

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]

ANNA, BORIS, NOBODY = "+15550100001", "+15550100002", "+15550100003"


@pytest.fixture
def people(migrated: str) -> str:
    """Anna with everything there is, and Boris with another key; the conninfo of a clerk."""
    with app(migrated) as session:
        for phone, key in ((ANNA, KEY), (BORIS, OTHER_KEY)):
            _everything(session, phone, key)
    with psycopg.connect(migrated, autocommit=True) as admin:
        if not admin.execute("select from pg_roles where rolname = 'nosender_test_clerk'").fetchall():
            admin.execute("create role nosender_test_clerk login in role nosender_clerk")
    return make_conninfo(migrated, user="nosender_test_clerk")


def _everything(session: App, phone: str, key: bytes) -> None:
    user, devices = session.user(phone, devices=2)
    session.call("publish_public_key", user, key, SIGNATURE, IDENTITY)
    session.call("rotate_session_key", user, None, f"session of {phone}", devices, [SEALED, SEALED])
    for number in range(3):
        session.send(phone, f"{phone}, {number}")
    waiting = session.rows("fetch_messages", devices[0], 2)
    session.call("acknowledge", devices[0], [row[0] for row in waiting], "read")
    session.call("publish_ephemeral_key", phone, OTHER_KEY, f"exchange {phone}")


def test_everything_is_told_and_nobody_else_s(people: str) -> None:
    held = {each.table: each for each in held_about(Target(people), ANNA)}
    assert {table: each.rows for table, each in held.items()} == {
        "users": 1,
        "webauthn_credentials": 2,
        "messaging_public_keys": 1,
        "device_session_keys": 2,
        "message_deliveries": 6,
        "messages": 3,
        "ephemeral_keys": 1,
    }
    assert held["messages"].details["types"] == {"text": 3}
    assert held["message_deliveries"].details == {"pending": 4, "delivered": 2, "failed": 0, "read": 2}
    [key] = held["messaging_public_keys"].details["keys"]
    assert (key["x25519_public_key"], key["active"]) == (KEY.hex(), True)
    assert all(each.oldest and each.purpose and each.kept for each in held.values())


def test_every_table_of_a_person_is_in_it(people: str, connection: psycopg.Connection) -> None:
    """A table that comes later and holds a number, a user or a device has to be added."""
    found = connection.execute(
        "select distinct table_name from information_schema.columns where table_schema = 'public'"
        " and column_name in ('phone_number', 'destination_phone', 'user_id', 'webauthn_credential_id')"
    ).fetchall()
    assert {each.table for each in held_about(Target(people), ANNA)} == {name for (name,) in found}


def test_what_waits_for_a_number_without_a_user_counts(people: str, connection: psycopg.Connection) -> None:
    connection.execute(
        "insert into ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)"
        " values (%s, %s, 'exchange of nobody', '2051-01-01')",
        (NOBODY, KEY),
    )
    connection.commit()
    held = {each.table: each.rows for each in held_about(Target(people), NOBODY)}
    assert {table for table, rows in held.items() if rows} == {"ephemeral_keys"}


def test_the_command_tells_no_secret_and_no_number(
    people: str, run_nosender: RunNosender, server: EmbeddedServer
) -> None:
    with psycopg.connect(people, user="postgres", autocommit=True) as admin:
        admin.execute("alter role nosender_test_clerk set log_statement = 'all'")
    before = server.log.stat().st_size
    try:
        text = run_nosender("--url", people, "retention", "held", input=f"{ANNA}\n")
        answer = run_nosender("--url", people, "retention", "held", "--format", "json", input=ANNA)
        empty = run_nosender("--url", people, "retention", "held", input=f"{NOBODY}\n")
    finally:
        with psycopg.connect(people, user="postgres", autocommit=True) as admin:
            admin.execute("alter role nosender_test_clerk reset log_statement")
    assert (text.returncode, answer.returncode, empty.returncode) == (0, 0, 0), text.stderr + answer.stderr
    assert "messages: 3 rows" in text.stdout
    assert "Nothing in users, webauthn_credentials" in empty.stdout
    assert json.loads(answer.stdout)["format"] == "nosender.held/1"
    said = text.stdout + text.stderr + answer.stdout + answer.stderr
    assert ANNA not in said
    for secret in (CIPHERTEXT, SEALED, OTHER_KEY, BORIS.encode()):
        assert secret.hex() not in said
        assert secret.decode() not in said
    logged = server.log.read_bytes()[before:]
    assert b"held_about_phone_number" in logged  # the statement was logged, its value not
    assert ANNA.encode() not in logged


@pytest.mark.parametrize("number", ["5", "+15550100001 ", "0015550100001", "", "+15550100001\n2"])
def test_no_number_is_repeated(people: str, number: str) -> None:
    with pytest.raises(NosenderError, match="that is no phone number") as refused:
        held_about(Target(people), number)
    assert refused.value.exit_code == 2
    assert len(number) < 5 or number not in str(refused.value)


def test_a_number_on_the_command_line_is_refused_and_not_repeated(run_nosender: RunNosender) -> None:
    done = run_nosender("retention", "held", ANNA)
    assert (done.returncode, done.stdout) == (2, "")
    assert "standard input" in done.stderr
    assert ANNA not in done.stderr


@pytest.mark.parametrize("role", ["nosender_app", "nosender_sweeper", "nosender_auditor"])
def test_no_other_role_may_ask(people: str, role: str) -> None:
    target = Target(make_conninfo(people, user="postgres", options=f"-c role={role}"))
    with pytest.raises(NosenderError, match="grant nosender_clerk to it"):
        held_about(target, ANNA)


def test_the_clerk_may_do_nothing_else(people: str) -> None:
    with psycopg.connect(people, autocommit=True) as clerk:
        for statement in (
            "select * from public.messages",
            "select * from public.active_public_key('+15550100001')",
            "select public.forget_phone_number('+15550100001')",
            "select * from public.audit_deliveries()",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                clerk.execute(statement)


@pytest.mark.usefixtures("people")
def test_it_is_found_by_index(connection: psycopg.Connection) -> None:
    """The tables are never read from end to end."""
    scans = "select sum(seq_scan) from pg_stat_xact_user_tables where relname <> 'users'"
    with connection.transaction():
        connection.execute("select * from public.held_about_phone_number(%s)", (ANNA,))
        assert connection.execute(scans).fetchone() == (0,)


def test_a_cluster_without_the_clerk_lacks_nothing_else() -> None:
    """An owner who may make no role, beside the three groups that an administrator made long ago."""
    with EmbeddedServer() as alone:
        with psycopg.connect(alone.conninfo(), autocommit=True) as admin:
            for role in ("nosender_app nologin", "nosender_sweeper nologin", "nosender_auditor nologin"):
                admin.execute(f"create role {role}".encode())
            admin.execute("create role keeper login")
            admin.execute("create database mail owner keeper")
        keeper = Target(make_conninfo(alone.conninfo("mail"), user="keeper"))
        upgrade(keeper, options=Options(replay=True))
        assert _drift(keeper) == []
        downgrade(keeper, "0014", Options())
        upgrade(keeper)
        with psycopg.connect(alone.conninfo(), autocommit=True) as admin:
            admin.execute("create role nosender_clerk nologin")
        wanted = _drift(keeper)
        assert [each.kind for each in wanted] == ["grant", "grant"]
        with psycopg.connect(keeper.conninfo, autocommit=True) as owner:
            for each in wanted:
                owner.execute(each.sql.encode())
        assert _drift(keeper) == []


def _drift(target: Target) -> list[Difference]:
    with target.connect("test") as connection:
        live = observe(connection, "public")
    return [each for each in differences(reference(), live, "public") if each.severity == "strict"]
