"""The audit speaks of the whole database: every schema is accounted for, or the verdict is incomplete."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest

from nosender.errors import UsageError
from nosender.privacy_audit.finding import Severity, Verdict
from nosender.privacy_audit.reports import render
from nosender.privacy_audit.result.audit import Audit
from nosender.privacy_audit.runner import Options, run
from nosender.project import Excused, Project
from nosender.schema import ddl
from nosender.server.target import Target
from nosender.toml_reader import Place

CHAT = """
create schema chat;
create table chat.posts (id text primary key, author text, body text);
create table chat.contacts (owner text, peer text, primary key (owner, peer));
"""

NAMESAKES = """
create table users (id serial primary key, phone_number text, created_at timestamp);
create table webauthn_credentials (id int, user_id int, credential_id bytea, public_key bytea);
create table messages (id serial primary key, sender int, recipient int, body text, created_at timestamp);
"""

API = """
create schema api;
create table api.outbox (author int, recipient int);
create function api.post(me int, destination text, body bytea, id text) returns boolean
language plpgsql security definer set search_path = public, api, pg_temp as $$
begin
  insert into api.outbox select me, u.id from public.users as u where u.phone_number = destination;
  return send_message(destination, body, id);
end $$;
"""


def execute(conninfo: str, text: str) -> None:
    with psycopg.connect(conninfo, options="-c TimeZone=UTC", autocommit=True) as owner:
        owner.execute(text.encode())


def excusing(name: str, expires: date = date(2999, 1, 1)) -> Options:
    chat = Excused(name, "The help desk.", "dana@example.org", expires, Place("nosender.toml", 3))
    return Options(project=Project("shop", (chat,)))


def audited(conninfo: str, options: Options | None = None) -> Audit:
    """The audit at a level that nothing below reaches: what is looked at here is whether it is whole."""
    return run(Target(conninfo), replace(options or Options(), fail_on=Severity.CRITICAL))


def decided(audit: Audit) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(render("json", audit))["run"]["decided"]
    return read


def test_a_schema_that_nobody_answers_for_leaves_the_audit_incomplete(migrated: str) -> None:
    execute(migrated, CHAT)
    found = audited(migrated)
    assert found.exit_code == 3
    assert {claim.verdict for claim in found.claims} == {Verdict.INCOMPLETE}
    assert decided(found)["schemas_unaccounted"] == [{"name": "chat", "tables": 2, "ours_too": False}]
    assert render("text", found).startswith("INCOMPLETE: schema chat (2 tables) is neither ours")


def test_an_excuse_is_named_beside_the_verdict_until_it_ends(migrated: str) -> None:
    execute(migrated, CHAT)
    found = audited(migrated, excusing("chat"))
    assert decided(found)["schemas_unaccounted"] == []
    assert "Excused, not looked into: schema chat" in render("text", found)
    assert decided(found)["schemas_excused"][0]["owner"] == "dana@example.org"
    assert audited(migrated, excusing("chat", date(2026, 1, 1))).decided.schemas_unaccounted
    with pytest.raises(UsageError, match=r"nosender\.toml:3: schema public is the one that is audited"):
        audited(migrated, excusing("public"))


def test_what_extensions_bring_and_what_is_empty_is_accounted_for(migrated: str) -> None:
    execute(migrated, "create schema empty; create schema tools; create extension pg_trgm schema tools")
    execute(migrated, "create schema fdw; create extension postgres_fdw schema fdw")
    assert audited(migrated).decided.schemas_unaccounted == ()
    execute(
        migrated, "create table tools.pairs (a int, b int); alter extension pg_trgm add table tools.pairs"
    )
    (tools,) = audited(migrated).decided.schemas_unaccounted
    assert (tools.name, tools.tables) == ("tools", 1)


def test_an_interface_of_functions_leans_on_us_excused_or_not(migrated: str) -> None:
    execute(migrated, API)
    found = {(each.check, each.object) for each in run(Target(migrated), excusing("api")).findings}
    assert found >= {
        ("undeclared-schema", "api"),
        ("undeclared-table", "api.outbox"),
        ("undeclared-function", "api.post(me integer, destination text, body bytea, id text)"),
    }


def test_a_second_set_of_our_tables_is_refused_in_a_sentence(migrated: str) -> None:
    with psycopg.connect(migrated) as owner:
        owner.execute("create schema twin")
        ddl.load(owner, "twin")
    found = audited(migrated, excusing("twin"))
    assert found.verdict is not Verdict.PASS
    assert "schema twin holds a second set of our tables" in render("text", found).splitlines()[0] + " "


@pytest.mark.parametrize("tables", ["", NAMESAKES])
def test_where_none_of_our_tables_stands_the_answer_is_one_sentence(database: str, tables: str) -> None:
    if tables:
        execute(database, tables)
    found = run(Target(database))
    assert (found.exit_code, found.findings) == (3, ())
    assert render("text", found).startswith("INCOMPLETE: this is not a nosender database")
    assert "nosender audit explore" in render("markdown", found)
