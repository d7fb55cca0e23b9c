"""The two forms of the probes: they answer alike, and who may read the tables runs no function of others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.runner import Options, Reading, ask, read_snapshot, run
from nosender.privacy_audit.snapshot.probes import functions, statements
from nosender.privacy_audit.snapshot.snapshot import Row, Snapshot, Unseen
from nosender.retention.sweep import FAST, sweep
from nosender.schema.catalogue import load
from nosender.schema.catalogue import model as catalogue_model
from nosender.server.target import Target
from nosender.traffic.fill import fill

from ..conftest import ROOT
from .auditor import as_auditor

CATALOGUE = ROOT / "schema" / "catalogue"


def looked(conninfo: str, catalogue: catalogue_model.Catalogue | None = None) -> Reading:
    with psycopg.connect(conninfo) as connection:
        return read_snapshot(connection, "public", catalogue or load())


def found(snapshot: Snapshot, slug: str) -> list[str]:
    (loaded,) = [each for each in discover() if each.check.slug == slug]
    result, findings = ask(loaded, snapshot)
    assert result.outcome != "error", result.reason
    return [each.object for each in findings]


def rows_of(snapshot: Snapshot, probe: str) -> tuple[Row, ...]:
    answer = snapshot.probes[probe]
    assert not isinstance(answer, Unseen), answer
    return answer


@pytest.fixture
def filled(any_migrated: str) -> str:
    target = Target(any_migrated)
    fill(target, 40, 400, 5)
    sweep(target, pace=FAST)
    return any_migrated


def counted(snapshot: Snapshot, probe: str) -> list[str]:
    """The rows of a probe, but for what another moment or another draw changes."""
    moving = {"seconds"}
    rows = [{k: v for k, v in row.items() if k not in moving} for row in rows_of(snapshot, probe)]
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def test_both_forms_answer_alike(filled: str) -> None:
    with psycopg.connect(filled, options="-c TimeZone=UTC", autocommit=True) as owner:
        owner.execute(PLANTED_IN_ROWS.encode())
    by_function = looked(as_auditor(filled)).snapshot
    by_statement = looked(filled).snapshot
    assert set(by_function.probes) == set(by_statement.probes) == set(statements.STATEMENTS)
    for name in sorted(statements.STATEMENTS):
        assert counted(by_function, name) == counted(by_statement, name), name
    assert sum(bool(rows_of(by_function, name)) for name in statements.STATEMENTS) > 15
    matching = rows_of(by_function, "audit_matching_values")
    assert {row["schema_name"] for row in matching if row["matching"]} == {"public", "elsewhere"}


def test_every_counting_function_has_a_statement() -> None:
    from nosender.schema.observe import reference

    assert set(statements.STATEMENTS) == {*functions.probe_names(reference("public")), *functions.LEDGER}


PLANTED_IN_ROWS = """
set session_replication_role = replica;
create schema elsewhere;
create domain elsewhere.phone as text;
create type elsewhere.pair as (kind integer, phone text);
create table elsewhere.seen (
  id integer, "What ""is"" it" elsewhere.phone, "both" elsewhere.pair, many text[], raw bytea, made uuid,
  small smallint
);
insert into elsewhere.seen
select u.id, u.phone_number, row(null, reverse(u.phone_number))::elsewhere.pair, array[k.session_key_id],
  w.credential_id, gen_random_uuid(), 1
from users as u
inner join device_session_keys as k on k.user_id = u.id
inner join webauthn_credentials as w on w.user_id = u.id;
create table elsewhere.hidden (phone text);
insert into elsewhere.hidden values ('x');
create function elsewhere.odd(text) returns text language sql immutable as 'select $1';
create index on elsewhere.hidden ((elsewhere.odd(phone)));
alter table messages add column "{rows} of 'us'" text, add column "both" elsewhere.pair,
  add column kinds integer[];
update messages set "{rows} of 'us'" = 'c' || id % 30, "both" = row(id % 40, null)::elsewhere.pair,
  kinds = array[id % 20];
update messages as m set encrypted_content = encrypted_content || (
  select x25519_public_key from messaging_public_keys as k where k.user_id = 1 + m.id % 5 limit 1
) where id % 3 = 0;
update messages set message_id = upper(message_id) || '_' || id % 30 where id % 5 = 0;
update messages set created_at = created_at + interval '40 days' where id % 7 = 0;
update device_session_keys set key_rotation_counter = 491512345678 where id % 5 = 0;
"""
PLANTED = """
begin
  execute 'set role none';
  execute pg_catalog.format(
    'copy (select 1) to %L', pg_catalog.current_setting('data_directory') || '/witness'
  );
  return {answer};
end
"""


def witness(connection: psycopg.Connection) -> bool:
    """Whether what was planted has run; the next test begins without."""
    row = connection.execute("select (pg_stat_file('witness', true)).size is not null").fetchone()
    if row == (True,):
        connection.execute("copy (select 1) to program 'rm -f witness'")
    return row == (True,)


@pytest.fixture
def owner(migrated: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(migrated, options="-c TimeZone=UTC", autocommit=True) as connection:
        yield connection


def plant_functions(owner: psycopg.Connection) -> None:
    """In the place of each counting function one that takes its caller's rights up again and uses them."""
    for name, arguments, result in owner.execute(
        "select p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid) from pg_proc p"
        " where p.pronamespace = 'public'::regnamespace"
        " and (p.proname like 'audit%' or p.proname in ('retention_ledger_tail', 'retention_overdue'))"
    ).fetchall():
        answer = "" if result.startswith(("TABLE", "SETOF")) else "null"
        owner.execute(
            f"create or replace function public.{name}({arguments}) returns {result} language plpgsql"
            f" volatile security invoker as $planted$ {PLANTED.format(answer=answer)} $planted$".encode()
        )


@pytest.mark.parametrize("options", ["", "-c role=nosender_auditor", "-c role=nosender_test_owner"])
def test_a_planted_function_does_not_run_in_a_reader_s_rights(
    owner: psycopg.Connection, migrated: str, options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as if it were put there between the comparison and the call
    monkeypatch.setattr(functions, "differences", lambda *_: {})
    owner.execute("drop role if exists nosender_test_owner")
    owner.execute("create role nosender_test_owner")
    owner.execute("grant select on all tables in schema public to nosender_test_owner")
    try:
        plant_functions(owner)
        answer = looked(psycopg.conninfo.make_conninfo(migrated, options=options)).snapshot.probes
        assert not witness(owner)
        assert isinstance(answer["audit_deliveries"], Unseen) == ("auditor" in options)
        if "auditor" in options:
            assert "SET ROLE gives up no right" in str(answer["audit_deliveries"])
    finally:
        owner.execute("drop owned by nosender_test_owner")
        owner.execute("drop role nosender_test_owner")


def test_the_plant_works_on_who_calls_it(owner: psycopg.Connection, migrated: str) -> None:
    plant_functions(owner)
    with psycopg.connect(migrated, options="-c role=nosender_auditor", autocommit=True) as victim:
        victim.execute("select * from public.audit_deliveries()")
    assert witness(owner)


@pytest.mark.parametrize(
    "place",
    [
        "create index planted on public.messages ((id + evil()))",
        "create index planted on public.messages (id) where id > evil()",
        "create statistics planted on (id + evil()), message_type from public.messages",
        "alter table public.messages add constraint planted check (id > evil() - 9)",
    ],
)
def test_a_constant_in_an_index_is_not_worked_out_for_whoever_reads(
    owner: psycopg.Connection, migrated: str, place: str
) -> None:
    owner.execute(
        "create function evil() returns bigint language plpgsql immutable as $$ begin return 1; end $$"
    )
    owner.execute(place.encode())
    owner.execute(
        "create or replace function evil() returns bigint language plpgsql immutable as"
        f" $planted$ {PLANTED.format(answer='1')} $planted$".encode()
    )
    answer = looked(migrated).snapshot.probes["audit_deliveries"]
    assert not witness(owner)
    if "check" not in place:
        assert isinstance(answer, Unseen)
        assert "index or statistics over a function" in answer.reason
    else:
        assert not isinstance(answer, Unseen)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("alter table messages rename to m; create view messages as table m", "view messages is no table"),
        ("create table part () inherits (messages)", "has another table below it"),
        ("create table above (id bigint); alter table messages inherit above", "is a part of another table"),
        (
            "alter table messages rename to m; create table messages (like m) partition by hash (id)",
            "partitioned table messages is no table",
        ),
    ],
)
def test_what_is_no_table_is_not_read(
    owner: psycopg.Connection, migrated: str, change: str, reason: str
) -> None:
    owner.execute("alter table messages alter id drop default")
    owner.execute(change.encode())
    for conninfo in (migrated, as_auditor(migrated)):
        answer = looked(conninfo).snapshot.probes["audit_sizes"]
        assert isinstance(answer, Unseen)
        assert reason in answer.reason


def test_row_security_that_hides_rows_is_said(owner: psycopg.Connection, migrated: str) -> None:
    owner.execute("drop role if exists nosender_test_reader")
    owner.execute("create role nosender_test_reader login")
    owner.execute("grant select on all tables in schema public to nosender_test_reader")
    owner.execute("alter table messages enable row level security")
    try:
        reader = psycopg.conninfo.make_conninfo(migrated, user="nosender_test_reader")
        answer = looked(reader).snapshot.probes["audit_sizes"]
        assert isinstance(answer, Unseen)
        assert "row security" in answer.reason
    finally:
        owner.execute("drop owned by nosender_test_reader")
        owner.execute("drop role nosender_test_reader")


def test_a_function_replaced_while_it_is_called_is_not_believed(
    owner: psycopg.Connection, migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = functions.ask

    def replaced(*words: Any) -> Any:
        answers = asked(*words)
        owner.execute("alter function audit_sizes() cost 50")
        owner.execute("alter function audit_sizes() cost 100")  # and put back
        return answers

    assert run(Target(as_auditor(migrated)), Options()).exit_code == 3  # no sweep has run
    monkeypatch.setattr(functions, "ask", replaced)
    answers = looked(as_auditor(migrated)).snapshot.probes
    assert {each.reason for each in answers.values() if isinstance(each, Unseen)} == {
        "the function audit_sizes was replaced while functions were called"
    }
    assert all(isinstance(each, Unseen) for each in answers.values())


LETTERS = """
table = "letters"
purpose = "Letters that a service writes to its users."

[retention]
rule = "expires"
column = "gone_at"
action = "delete"

[columns.id]
class = "serial"
purpose = "Number of the letter."

[columns.user_id]
class = "link"
purpose = "Whose letter it is."

[columns.body]
class = "ciphertext"
purpose = "The letter."

[columns.letter_id]
class = "random-id"
purpose = "Names the letter."

[columns.written_at]
class = "time"
resolution = "hour"
purpose = "When."

[columns.gone_at]
class = "expiry"
resolution = "hour"
purpose = "Until when."
"""
KEY = """
[[foreign_keys]]
table = "letters"
columns = ["user_id"]
parent = "users"
parent_columns = ["id"]
purpose = "A letter goes with its user."
"""
DDL = """
create table letters (
  id bigserial primary key,
  user_id integer not null references users on delete cascade,
  body bytea not null,
  letter_id text not null,
  written_at timestamp not null,
  gone_at timestamp
);
insert into users (phone_number) select '+4915100000' || n from generate_series(100, 129) as n;
"""


@pytest.fixture
def with_letters(tmp_path: Path) -> catalogue_model.Catalogue:
    for file in CATALOGUE.rglob("*.toml"):
        copy = tmp_path / file.relative_to(CATALOGUE)
        copy.parent.mkdir(exist_ok=True, parents=True)
        copy.write_bytes(file.read_bytes())
    (tmp_path / "letters.toml").write_text(LETTERS)
    policy = tmp_path / "policy.toml"
    policy.write_text(policy.read_text() + KEY)
    return load(tmp_path)


def test_a_declared_table_is_probed_for_what_its_classes_promise(
    owner: psycopg.Connection, migrated: str, with_letters: catalogue_model.Catalogue
) -> None:
    owner.execute(DDL.encode())
    owner.execute(
        "insert into letters (user_id, body, letter_id, written_at, gone_at)"
        " select id, 'see you at eight, bring the documents', md5(phone_number) || '-' || id % 5,"
        " now() at time zone 'utc', (now() at time zone 'utc') - interval '30 days' from users"
    )
    snapshot = looked(migrated, with_letters).snapshot
    reporting = {
        name
        for name, answer in snapshot.probes.items()
        if not isinstance(answer, Unseen) and any(row.get("table_name") == "letters" for row in answer)
    }
    assert reporting == {
        "audit_content", "audit_identifiers", "audit_matching_values", "audit_order", "audit_overdue",
        "audit_shared_values", "audit_sizes", "audit_times", "retention_overdue",
    }  # fmt: skip
    other = {row["other_table"] for row in rows_of(snapshot, "audit_same_transaction")}
    assert "letters" in other
    for slug, column in {
        "plaintext": "body",
        "repeated-ciphertext": "body",
        "guessable-identifier": "letter_id",
        "shared-value": "body",
        "fine-time": "written_at",
        "overdue-row": "gone_at",
    }.items():
        assert f"public.letters.{column}" in found(snapshot, slug), slug


def test_a_declared_column_that_no_probe_reported_is_not_tested(
    owner: psycopg.Connection, migrated: str, with_letters: catalogue_model.Catalogue
) -> None:
    owner.execute(DDL.encode())
    snapshot = looked(as_auditor(migrated), with_letters).snapshot  # whose functions know no letters
    reasons = {}
    for loaded in discover():
        result, _ = ask(loaded, snapshot)
        reasons[loaded.check.slug] = result.reason or ""
    for slug, column in {
        "plaintext": "body",
        "repeated-ciphertext": "body",
        "guessable-identifier": "letter_id",
        "contact-in-value": "letter_id",
        "fine-time": "gone_at",
        "overdue-row": "gone_at",
        "distinguishing-size": "body",
    }.items():
        assert re.search(rf"does not look at .*letters\.{column}", reasons[slug]), slug


def test_a_probe_that_saw_none_of_the_rows_that_another_saw_is_not_tested(filled: str) -> None:
    snapshot = looked(filled).snapshot
    blind = tuple(
        {**row, "examined": 0} if row["table_name"] == "messages" else row
        for row in rows_of(snapshot, "audit_content")
    )
    snapshot.probes["audit_content"] = blind  # type: ignore[index]
    (loaded,) = [each for each in discover() if each.check.slug == "plaintext"]
    result, _ = ask(loaded, snapshot)
    assert result.reason == "the probe audit_content does not look at messages.encrypted_content"


def test_what_statements_call_is_written_with_its_schema(filled: str) -> None:
    from nosender.privacy_audit.snapshot.probes.reading import look_around, pinned

    snapshot = looked(filled).snapshot
    with psycopg.connect(filled) as connection, pinned(connection):
        asked = statements.asked_of(snapshot, look_around(connection, snapshot))
        texts = []
        for probe in statements.STATEMENTS.values():
            parts = probe(asked)
            texts += [each.as_string(connection) for each in (parts if isinstance(parts, list) else [parts])]
        names = {
            row[0]
            for row in connection.execute(
                "select distinct proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace"
            )
        }
    # grammar of its own, which resolves nothing, and the type bit(256)
    grammar = {"extract", "coalesce", "greatest", "least", "exists", "array", "any", "all", "values", "bit"}
    called = set()
    for text in texts:
        plain = re.sub(r"E?'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*", " ", text)
        called |= set(re.findall(r"(?<![.\w])([a-z_]\w*)\s*\(", plain))
    assert called & names - grammar == set()


def test_nothing_else_of_a_role_that_reads_is_needed(owner: psycopg.Connection, migrated: str) -> None:
    """Who may read some of the tables calls no function for the others either."""
    owner.execute("drop role if exists nosender_test_partial")
    owner.execute("create role nosender_test_partial login in role nosender_auditor")
    owner.execute(sql.SQL("grant select on messages to nosender_test_partial"))
    try:
        answers = looked(
            psycopg.conninfo.make_conninfo(migrated, user="nosender_test_partial")
        ).snapshot.probes
        refused = answers["audit_deliveries"]
        assert isinstance(refused, Unseen)
        assert "may not be read by nosender_test" in refused.reason
    finally:
        owner.execute("drop owned by nosender_test_partial")
        owner.execute("drop role nosender_test_partial")
