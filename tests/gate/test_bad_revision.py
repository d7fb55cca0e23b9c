"""One revision that takes many liberties: each is found, under the right name, on the line that took it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from nosender.server.embedded import EmbeddedServer

from .conftest import Judge
from .edits import NEW, PullRequest, revision


@dataclass(frozen=True)
class Fault:
    """One statement, on one line, and what must be found on it."""

    up: str
    down: str
    checks: tuple[str, ...]
    """Steps and checks that decide, in order, once for each finding."""


DIFFERS = "ddl-equals-migrations"

STORED = (
    Fault(
        "alter table public.messages alter column message_type type text;",
        "alter table public.messages alter column message_type type varchar(20);",
        (
            "column-type",
            DIFFERS,
        ),
    ),
    Fault(
        "alter table public.message_deliveries alter column delivery_status drop not null;",
        "alter table public.message_deliveries alter column delivery_status set not null;",
        (
            "column-nullability",
            DIFFERS,
        ),
    ),
    Fault(
        "alter table public.ephemeral_keys alter column created_at set default date_trunc('hour', now());",
        "alter table public.ephemeral_keys alter column created_at "
        "set default date_trunc('hour', now() at time zone 'utc');",
        (
            "column-default",
            DIFFERS,
        ),
    ),
    Fault(
        "alter table public.messages add column size integer"
        " generated always as (octet_length(message_id)) stored;",
        "alter table public.messages drop column size;",
        (
            DIFFERS,
            "locks-brief",
            "undeclared-column",
        ),
    ),
    Fault(
        "create type public.mood as enum ('calm');",
        "drop type public.mood;",
        (
            DIFFERS,
            "undeclared-type",
        ),
    ),
    Fault(
        "alter table public.ephemeral_keys set unlogged;",
        "alter table public.ephemeral_keys set logged;",
        (
            DIFFERS,
            DIFFERS,
            "locks-brief",
            "table-differs",
        ),
    ),
    Fault(
        "alter table public.messages alter column destination_phone set statistics 100;",
        "alter table public.messages alter column destination_phone set statistics 0;",
        (
            DIFFERS,
            "statistics-kept",
            "statistics-target",
        ),
    ),
    Fault(
        "create index idx_messages_size on public.messages (octet_length(encrypted_content));",
        "drop index public.idx_messages_size;",
        (
            DIFFERS,
            "locks-brief",
            "undeclared-index",
        ),
    ),
    Fault(
        "comment on column public.messages.created_at is 'Ask +491701234567.';",
        "comment on column public.messages.created_at is 'When the row was stored.';",
        ("number-in-name",),
    ),
    Fault(
        "alter sequence public.migration_journal_id_seq owned by none;",
        "alter sequence public.migration_journal_id_seq owned by public.migration_journal.id;",
        (DIFFERS,),
    ),
    Fault(
        "alter table public.users add constraint users_id_check check (id > 0);",
        "alter table public.users drop constraint users_id_check;",
        (
            DIFFERS,
            "locks-brief",
            "undeclared-constraint",
        ),
    ),
)

CODE = (
    Fault(
        "create view public.recent as select id from public.messages;",
        "drop view public.recent;",
        (
            DIFFERS,
            "undeclared-column",
            "undeclared-view",
        ),
    ),
    Fault(
        "create materialized view public.counted as select count(*) as rows from public.messages;",
        "drop materialized view public.counted;",
        (
            DIFFERS,
            "undeclared-column",
            "undeclared-view",
        ),
    ),
    Fault(
        "create function public.peek() returns bigint language sql security definer return (select 1);",
        "drop function public.peek();",
        (
            DIFFERS,
            "open-search-path",
            "undeclared-function",
        ),
    ),
    Fault(
        "alter function public.active_devices owner to gate_login;",
        "alter function public.active_devices owner to current_user;",
        (),
    ),
    Fault(
        "create rule keep as on delete to public.users do instead nothing;",
        "drop rule keep on public.users;",
        (
            DIFFERS,
            "sql-style",
            "undeclared-rule",
        ),
    ),
    Fault(
        "create policy everybody on public.messages using (true);",
        "drop policy everybody on public.messages;",
        (
            DIFFERS,
            "undeclared-policy",
        ),
    ),
    Fault(
        "alter table public.ephemeral_keys enable row level security;",
        "alter table public.ephemeral_keys disable row level security;",
        (
            DIFFERS,
            "table-differs",
        ),
    ),
    Fault(
        "alter table public.users enable always trigger users_guard;",
        "alter table public.users enable trigger users_guard;",
        (DIFFERS,),
    ),
    Fault(
        "alter table public.messages disable trigger messages_guard;",
        "alter table public.messages enable trigger messages_guard;",
        (
            DIFFERS,
            "disabled-trigger",
        ),
    ),
    Fault(
        "alter default privileges grant select on tables to nosender_app;",
        "alter default privileges revoke select on tables from nosender_app;",
        (
            DIFFERS,
            "default-privilege",
        ),
    ),
    Fault(
        "grant select on public.message_deliveries to gate_login;",
        "revoke select on public.message_deliveries from gate_login;",
        (
            DIFFERS,
            "table-privilege",
        ),
    ),
    Fault(
        "create extension pg_trgm with schema public;",
        "drop extension pg_trgm;",
        ("undeclared-extension",),
    ),
)


@pytest.fixture
def login(server: EmbeddedServer) -> Iterator[None]:
    """A role that somebody logs in with."""
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute("create role gate_login login")
        yield
        admin.execute("drop role gate_login")


@pytest.mark.usefixtures("login")
@pytest.mark.parametrize(
    ("faults", "unseen"),
    [
        (STORED, {"column message_type of table messages is not as declared"}),
        # a rehearsal runs as a role without rights, which cannot give to others
        (
            CODE,
            {'revision 0099 fails in rehearsal: must be able to SET ROLE "gate_login"; nothing was changed'},
        ),
    ],
    ids=["stored", "code"],
)
def test_each_liberty_is_found_on_its_line(judge: Judge, faults: tuple[Fault, ...], unseen: set[str]) -> None:
    ups = "".join(f"{fault.up}\n" for fault in faults)
    downs = "".join(f"{fault.down}\n" for fault in reversed(faults))
    judged = judge(PullRequest("faults", (revision(ups, downs, laid_out=False),), generate=True))
    wanted = [(check, f"{NEW}.up.sql", fault.up) for fault in faults for check in fault.checks]
    # SQL that sqlfluff cannot read is a finding of its own, in both directions; so is a form that is missing.
    beside = {("sql-style", f"{NEW}.down.sql"), ("revisions-sound", f"{NEW}.up.sql")}
    assert [each for each in judged.found if each[:2] not in beside] == sorted(wanted), judged
    assert (judged.code, set(judged.unseen)) == (1, unseen)
