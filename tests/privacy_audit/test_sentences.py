"""What a finding says is so: for each sentence a database of which the nearest other one would be wrong."""

from __future__ import annotations

import psycopg
import pytest

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.runner import ask, read_snapshot
from nosender.schema.catalogue import load

CHECKS = {each.check.slug: each for each in discover()}

# check, what was done, and what it says of that
SAID = [
    ("column-default", "alter table messages alter created_at drop default", "default is gone"),
    ("column-default", "alter table messages alter expires_at set default now()", "nothing declares that"),
    ("column-default", "alter table messages alter created_at set default now()", "something else than"),
    (
        "undeclared-column",
        "alter table messages rename to moved; create view messages as select * from moved",
        "A view stands where its table is declared",
    ),
    ("undeclared-column", "alter table messages add column sender text", "Nothing declares what this column"),
    ("undeclared-table", "create table senders ()", "Nothing declares what this table of 0 columns"),
    (
        "missing-foreign-key",
        "alter table webauthn_credentials drop constraint webauthn_credentials_user_id_fkey",
        "no foreign key sees to that",
    ),
    (
        "missing-foreign-key",
        "alter table webauthn_credentials drop constraint webauthn_credentials_user_id_fkey,"
        " add foreign key (user_id) references users on delete cascade not valid",
        "was never validated",
    ),
    (
        "missing-foreign-key",
        "alter table webauthn_credentials drop constraint webauthn_credentials_user_id_fkey,"
        " add foreign key (user_id) references users",
        "the foreign key that is there does not see to that",
    ),
    ("sequence-differs", "alter sequence users_id_seq owned by none", "declared with another owning column."),
    ("sequence-differs", "alter sequence users_id_seq increment 2", "declared with another increment."),
    ("storage-drift", "alter table messages alter column id set (n_distinct = 5)", "Its options are not"),
    ("storage-drift", "alter table messages alter message_id set storage main", "It is stored in another"),
    ("autovacuum-off", "alter table messages set (toast.autovacuum_enabled = off)", "passes its TOAST over"),
    ("autovacuum-off", "alter table messages set (autovacuum_enabled = off)", "passes it over"),
    ("inherited-table", "create table kept (more text) inherits (messages)", "with 1 columns of its own"),
    (
        "bypassed-trigger", "alter database {} set session_replication_role = local",
        "triggers made for replicas alone are silent",
    ),
    ("bypassed-trigger", "alter database {} set session_replication_role = replica", "no ordinary trigger"),
    (
        "default-privilege", "alter default privileges in schema public grant select on tables to public",
        "on every table that it creates in schema public.",
    ),
    ("default-privilege", "alter default privileges grant select on tables to public", "that it creates."),
    (
        "missing-trigger",
        "alter trigger messages_guard on messages rename to renamed_guard",
        "It is declared and does not exist",
    ),
    (
        "open-search-path",
        "create function d() returns int language sql security definer as 'select 1'",
        "where its caller says",
    ),
    (
        "open-search-path",
        "grant create on schema public to public; create function d() returns int language sql"
        " security definer set search_path = public, pg_temp as 'select 1'",
        "in schema public, where PUBLIC may create",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("slug", "done", "said"), SAID, ids=[f"{each[0]}-{each[2][:20]}" for each in SAID])
def test_a_finding_says_what_is_so(migrated: str, slug: str, done: str, said: str) -> None:
    with psycopg.connect(migrated, autocommit=True, options="-c TimeZone=UTC") as owner:
        owner.execute(done.format(owner.info.dbname).encode())
    with psycopg.connect(migrated, options="-c session_replication_role=origin") as connection:
        snapshot = read_snapshot(connection, "public", load(), call_probes=False).snapshot
    _, findings = ask(CHECKS[slug], snapshot)
    assert findings
    assert any(said in finding.detail for finding in findings), [each.detail for each in findings]
