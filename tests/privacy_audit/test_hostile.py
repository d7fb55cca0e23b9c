"""A hostile database: nothing planted in it runs, nothing in its names breaks out, and no denial reads as a
pass.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from .auditor import as_auditor

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]

PHONE = "+4915155555555"

TRAPS = """
create table witness (what text);
grant all on witness to public;
create function spring(text, text) returns boolean language plpgsql as $$
begin
  insert into public.witness values ('spring');
  return true;
end
$$;
create function spring(varchar, varchar) returns boolean language plpgsql as $$
begin
  insert into public.witness values ('spring varchar');
  raise exception 'sprung';
end
$$;
create operator = (leftarg = varchar, rightarg = varchar, function = spring);
create operator <> (leftarg = varchar, rightarg = varchar, function = spring);
create operator ~ (leftarg = varchar, rightarg = varchar, function = spring);
create function count(text) returns bigint language plpgsql as $$
begin
  raise exception 'sprung';
end
$$;
create function octet_length(bytea) returns integer language plpgsql as $$
begin
  raise exception 'sprung';
end
$$;
create function format(text, text) returns text language plpgsql as $$
begin
  raise exception 'sprung';
end
$$;
"""


@contextmanager
def owner(conninfo: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(conninfo, options="-c TimeZone=UTC", autocommit=True) as connection:
        yield connection


def report_of(run_nosender: RunNosender, conninfo: str) -> dict[str, Any]:
    answer = run_nosender("--url", conninfo, "audit", "run", "--format", "json")
    assert answer.stdout, answer.stderr
    report: dict[str, Any] = json.loads(answer.stdout)
    return report


def test_operators_and_functions_planted_for_the_auditor_do_not_run(
    migrated: str, run_nosender: RunNosender
) -> None:
    with owner(migrated) as connection:
        connection.execute("insert into users (phone_number) values (%s)", (PHONE,))
        connection.execute(
            "insert into messages (destination_phone, encrypted_content, message_id)"
            " values (%s, sha512('1'), gen_random_uuid()::text)",
            (PHONE,),
        )
        connection.execute(TRAPS)
    report = report_of(run_nosender, migrated)
    outcomes = {each["check"]: (each["outcome"], each["reason"]) for each in report["checks"]}
    untested = {slug: why for slug, (outcome, why) in outcomes.items() if outcome in ("not-tested", "error")}
    assert set(untested) == {"sweep-not-recent"}
    with owner(migrated) as connection:
        assert connection.execute("select count(*) from witness").fetchone() == (0,)
    found = {each["object"] for each in report["findings"] if each["check"] == "undeclared-object"}
    assert "public.=(character varying,character varying)" in found


def test_a_view_in_the_place_of_a_table_is_not_read(migrated: str, run_nosender: RunNosender) -> None:
    with owner(migrated) as connection:
        connection.execute(
            "create table witness (what text);"
            "create function tell() returns integer language plpgsql as"
            " $$ begin raise exception 'read'; end $$;"
            "alter table messages rename to messages_really;"
            "create view messages as select tell() as id"
        )
    report = report_of(run_nosender, migrated)
    reasons = {each["check"]: each["reason"] for each in report["checks"]}
    assert "view messages is no table" in reasons["delivery-to-stranger"]
    assert "public.messages" in {each["object"] for each in report["findings"]}


@pytest.mark.parametrize(
    "name",
    [
        "quote\"and'apostrophe",
        "line\nbreak",
        "\x1b[31mred\x1b]0;title\x07",
        "</script><b>",
        "]]>%0A::error::x",
        "\u202eright to left",
        "x" * 63,
        "percent %s %(a)s {0}",
    ],
)
def test_a_hostile_name_is_shown_safely_and_found(
    migrated: str, run_nosender: RunNosender, name: str
) -> None:
    with owner(migrated) as connection:
        connection.execute(sql.SQL("alter table messages add column {} text").format(sql.Identifier(name)))
        connection.execute(sql.SQL("create table {} (a int)").format(sql.Identifier(name)))
    report = report_of(run_nosender, migrated)
    shown = name.replace('"', '""')
    plain = name.isidentifier()
    column = f"public.messages.{name}" if plain else f'public.messages."{shown}"'
    assert column in {each["object"] for each in report["findings"] if each["check"] == "undeclared-column"}
    text = run_nosender("--url", migrated, "audit", "run").stdout
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\x07" not in text


def test_a_planted_number_appears_in_no_output(migrated: str, run_nosender: RunNosender) -> None:
    digits = PHONE[1:]
    with owner(migrated) as connection:
        connection.execute(f"create table inbox_{digits} (sender text)")
        connection.execute(f'create table "{PHONE}" (a int)')
        connection.execute(f"create index idx_one on messages (id) where destination_phone = '{PHONE}'")
        connection.execute(f"comment on table users is 'of {PHONE}'")
        connection.execute(f"alter table messages add constraint only_{digits} check (id > 0)")
        connection.execute("insert into users (phone_number) values (%s)", (PHONE,))
        connection.execute(
            "insert into messages (destination_phone, encrypted_content, message_id, message_type)"
            " values (%s, %s, %s, %s)",
            (PHONE, f"to {PHONE}: hello, how are you?".encode(), f"id-of-{PHONE}", PHONE),
        )
    for form in ("text", "json", "html", "markdown", "sarif", "junit", "github", "gitlab"):
        answer = run_nosender("--url", migrated, "audit", "run", "--format", form)
        assert answer.returncode == 1, answer.stderr
        assert digits not in answer.stdout, form
        assert digits not in answer.stderr, form


def test_without_the_settings_right_the_libraries_are_not_tested(
    migrated: str, run_nosender: RunNosender
) -> None:
    with owner(migrated) as connection:
        connection.execute("call retention_sweep()")
        connection.execute("revoke pg_read_all_settings from nosender_auditor")
    try:
        answer = run_nosender("--url", as_auditor(migrated), "audit", "run", "--format", "json")
        outcomes = {each["check"]: each["outcome"] for each in json.loads(answer.stdout)["checks"]}
        assert (answer.returncode, outcomes["preloaded-library"]) == (3, "not-tested")
    finally:
        with owner(migrated) as connection:
            connection.execute("grant pg_read_all_settings to nosender_auditor")


def test_the_audit_writes_nothing(migrated: str, run_nosender: RunNosender) -> None:
    """It takes no transaction number. Autovacuum, which may come meanwhile, takes one; hardly three times."""
    numbers = []
    for _ in range(3):
        with owner(migrated) as connection:
            before = connection.execute("select txid_current()").fetchone()
        report_of(run_nosender, migrated)
        with owner(migrated) as connection:
            after = connection.execute("select txid_current()").fetchone()
        assert before is not None
        assert after is not None
        numbers.append(after[0] - before[0])
        if numbers[-1] == 1:
            break
    assert 1 in numbers
