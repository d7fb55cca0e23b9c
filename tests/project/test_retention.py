"""Rows of a project's own: swept by what its revision put into our one function for it, by nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import LiteralString

import psycopg
import pytest

from nosender.errors import NosenderError, UsageError
from nosender.privacy_audit import runner as audit
from nosender.project import Project, find
from nosender.project.declared import catalogue_of
from nosender.retention.policy import live_plan
from nosender.retention.project_policy import missing
from nosender.retention.status import read_status
from nosender.retention.sweep import FAST, sweep
from nosender.schema.observe import observe
from nosender.schema.project_policy import FUNCTION, Row, body, of_values
from nosender.server.target import Target

ROW = Row("attachments", "expires_at", "delete", None, None, timedelta(days=3), "created_at", ("parts",))
ATTACHMENTS = """
create table attachments (
  message_id bigint not null references messages (id) on delete cascade,
  sealed_name bytea not null
)
"""
DECLARED = """\
table = "attachments"
purpose = "What a message carries, sealed."

[retention]
rule = "follows"
parents = ["messages"]

[columns.message_id]
purpose = "The message that carries it."
class = "link"

[columns.sealed_name]
purpose = "Its name, sealed for the destination."
class = "ciphertext"
"""
KEY = """
[[foreign_keys]]
table = "attachments"
columns = ["message_id"]
parent = "messages"
parent_columns = ["id"]
purpose = "It goes with its message."
"""


def filled(target: Target, count: int, table: LiteralString = "push_tokens") -> None:
    """So many tokens that expired long ago."""
    with psycopg.connect(target.conninfo, options="-c TimeZone=UTC") as connection:
        connection.execute(
            "insert into users (phone_number)"
            " select '+49151' || 10000000 + n from generate_series(1, %s) as n",
            (count,),
        )
        connection.execute(
            "insert into webauthn_credentials (user_id, credential_id, public_key, sign_count)"
            " select id, uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid()), 0 from users"
        )
        connection.execute(
            f"insert into {table} (webauthn_credential_id, sealed_token, expires_at)"
            " select d.id, string_agg(uuid_send(gen_random_uuid()), ''), '2020-01-01'"
            " from webauthn_credentials as d cross join generate_series(1, 6) group by d.id"
        )


def test_expired_rows_of_theirs_go_with_a_receipt_and_are_found_where_they_stay(
    both: Target, project: Project
) -> None:
    filled(both, 700)
    looked = audit.run(both, audit.Options(project=project))
    late = next(each for each in looked.gating() if each.check == "overdue-row")
    assert (late.object, late.facts["whose"]) == ("public.push_tokens.expires_at", "courier")
    claims = {each.claim.value: each.verdict.value for each in looked.claims}
    assert claims["retention-runs"] == "fail"
    assert {each.table: each.due for each in read_status(both).overdue}["push_tokens"] == 700
    with pytest.raises(NosenderError, match="name its folder with --project"):
        sweep(both, pace=FAST)
    receipt = sweep(both, pace=FAST, project=project)
    assert (receipt.status, receipt.deleted) == ("done", 700)
    with psycopg.connect(both.conninfo) as connection:
        assert connection.execute("select count(*) from push_tokens").fetchone() == (0,)
        row = connection.execute("select encode(retention_policy_hash(), 'hex')").fetchone()
        assert row == (live_plan(connection, "public", project).hash,)
    after = audit.run(both, audit.Options(project=project))
    assert [each for each in after.gating() if each.check == "overdue-row"] == []


def test_the_procedure_follows_it_without_this_program(both: Target) -> None:
    filled(both, 3)
    with psycopg.connect(both.conninfo, autocommit=True, options="-c TimeZone=UTC") as connection:
        connection.execute("call retention_sweep()")
        assert connection.execute("select count(*) from push_tokens").fetchone() == (0,)


def test_a_key_on_a_message_goes_with_it_and_stops_no_sweep(both: Target, project: Project) -> None:
    catalogue = project.own.catalogue
    assert catalogue is not None
    assert project.file is not None
    with psycopg.connect(both.conninfo, options="-c TimeZone=UTC") as connection:
        connection.execute(ATTACHMENTS)
    with pytest.raises(NosenderError, match="would delete rows of attachments by cascade"):
        sweep(both, pace=FAST, project=project)
    (catalogue / "attachments.toml").write_text(DECLARED)
    (catalogue / "policy.toml").write_text((catalogue / "policy.toml").read_text() + KEY)
    project = find(project.file.parent)
    with psycopg.connect(both.conninfo, options="-c TimeZone=UTC") as connection:
        sql = missing(catalogue_of(project), observe(connection, "public"))
        assert sql is not None
        assert "('messages'::text, null::text, 'follows'::text" in sql
    with psycopg.connect(both.conninfo, options="-c TimeZone=UTC") as connection:
        connection.execute(sql.encode())
        assert missing(catalogue_of(project), observe(connection, "public")) is None
        connection.execute(
            "insert into messages (destination_phone, encrypted_content, message_id, expires_at)"
            " values ('+4915110000001', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),"
            " gen_random_uuid()::text, '2020-01-01')"
        )
        connection.execute("insert into attachments select id, 'x' from messages")
    receipt = sweep(both, pace=FAST, project=project)
    assert (receipt.deleted, receipt.children) == (1, 1)


def test_a_table_that_cannot_be_walked_through_is_refused(both: Target, project: Project) -> None:
    with psycopg.connect(both.conninfo) as connection:
        connection.execute("drop index push_tokens_expires_at")
        with pytest.raises(UsageError, match="needs an index that begins with it"):
            missing(catalogue_of(project), observe(connection, "public"))
        connection.execute("alter table push_tokens drop id")
        with pytest.raises(UsageError, match="it needs an id"):
            missing(catalogue_of(project), observe(connection, "public"))


def test_only_values_stand_in_the_function(both: Target, project: Project) -> None:
    assert of_values(body(()))
    assert of_values(body((ROW, ROW)))
    for other in (
        "select 1",
        body((ROW,)).replace("'delete'", "lower('delete')"),
        body((ROW,)) + ";select 1",
    ):
        assert not of_values(other)
    with psycopg.connect(both.conninfo) as connection:
        definition = connection.execute(f"select pg_get_functiondef('{FUNCTION}'::regproc)").fetchone()
        assert definition is not None
        connection.execute(definition[0].replace("'delete'::text", "lower('delete')").encode())
    with pytest.raises(NosenderError, match=f"the function {FUNCTION} .* is not the declared one"):
        sweep(both, pace=FAST, project=project)
