"""Three databases that look like the coordinator and two workers of one, with rows in the workers' shards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import psycopg
from psycopg import sql

from nosender.schema import ddl
from nosender.schema.layouts.scripts import keys_and_functions
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import clone
from .stand_in import STAND_IN, run

TEMPLATE = "nosender_sharded"
PARTS = {102010: "-2147483648", 102011: "0"}
"""The shards of the messages, and where the hashes of each begin; those of the deliveries are 20 further."""
COORDINATORS = ("ephemeral_keys", "device_session_keys", "messaging_public_keys", "retention_runs")
ONE, TWO = "+15550100001", "+15550100002"
"""A destination of each."""

_METADATA = """
delete from pg_catalog.pg_dist_partition;
delete from pg_catalog.pg_dist_shard;
delete from pg_catalog.pg_dist_placement;
drop table public.users_102008, public.users_102009;
insert into pg_catalog.pg_dist_partition values
('public.users', 'n', null, 1, 't'),
('public.webauthn_credentials', 'n', null, 1, 't'),
('public.messages', 'h', '{VAR :varno 1 :varattno 2 :vartype 1043}', 2, 's'),
('public.message_deliveries', 'h', '{VAR :varno 1 :varattno 7 :vartype 1043}', 2, 's');
insert into pg_catalog.pg_dist_shard values
('public.users', 102001, null), ('public.webauthn_credentials', 102002, null),
('public.messages', 102010, '-2147483648'), ('public.messages', 102011, '0'),
('public.message_deliveries', 102030, '-2147483648'), ('public.message_deliveries', 102031, '0');
insert into pg_catalog.pg_dist_placement values
(102001, 0), (102001, 1), (102001, 2), (102002, 0), (102002, 1), (102002, 2),
(102010, 1), (102030, 1), (102011, 2), (102031, 2)
"""
_COPIES = """
create table public.users_102001 (like public.users including all);
create table public.webauthn_credentials_102002 (like public.webauthn_credentials including all);
insert into public.users_102001 (id, phone_number) values (1, '+15550100001'), (2, '+15550100002');
insert into public.webauthn_credentials_102002 (id, user_id, phone_number, credential_id, public_key)
select 2 * u.id + d, u.id, u.phone_number, decode(md5(u.id || '-' || d), 'hex'), '\\x01'
from public.users_102001 as u, generate_series(0, 1) as d
"""
_SHARD = """
create table public.messages_{message} (like public.messages including all);
create table public.message_deliveries_{delivery} (
  like public.message_deliveries including all,
  foreign key (destination_phone, message_id) references public.messages_{message} (destination_phone, id)
  on delete cascade
);
create trigger messages_guard_{message} before insert or update on public.messages_{message}
for each row execute function public.messages_guard()
"""


@cache
def template(server: EmbeddedServer) -> str:
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(TEMPLATE)))
    with psycopg.connect(server.conninfo(TEMPLATE), options="-c TimeZone=UTC") as connection:
        ddl.load(connection, "public")
        connection.execute(keys_and_functions("public").encode())
    run(server.conninfo(TEMPLATE), STAND_IN, _METADATA, _COPIES)
    return TEMPLATE


@contextmanager
def sharded(server: EmbeddedServer) -> Iterator[tuple[str, ...]]:
    """The coordinator and two workers, each of which has one shard."""
    with ExitStack() as stack:
        urls = [stack.enter_context(clone(server, template(server))) for _ in range(3)]
        for group, url in enumerate(urls):
            run(url, f"update pg_catalog.pg_dist_local_group set groupid = {group}")
        for url, shard in zip(urls[1:], PARTS, strict=True):
            for table in COORDINATORS:
                run(url, f"drop table public.{table} cascade")
            run(url, make_shard(shard))
        yield tuple(urls)


def make_shard(shard: int) -> str:
    return _SHARD.format(message=shard, delivery=shard + 20)


def store(url: str, shard: int, phone: str, count: int, expiry: str, *, name: str = "m") -> None:
    """So many messages with two deliveries each; `expiry` is SQL over their number n."""
    run(
        url,
        f"""
        with stored as (
          insert into public.messages_{shard}
            (destination_phone, encrypted_content, message_id, created_at, timestamp, expires_at)
          select
            '{phone}', decode(repeat('ab', 40), 'hex'), '{name}-' || n,
            date_trunc('hour', now() at time zone 'utc') - interval '3 hours',
            date_trunc('hour', now() at time zone 'utc') - interval '3 hours', {expiry}
          from generate_series(1, {count}) as n
          returning id
        )
        insert into public.message_deliveries_{shard + 20}
          (destination_phone, message_id, webauthn_credential_id)
        select '{phone}', s.id, d.id
        from stored as s, public.webauthn_credentials_102002 as d where d.phone_number = '{phone}'
        """,
    )


def named(urls: tuple[str, ...]) -> dict[str, Target]:
    return {str(group): Target(url) for group, url in enumerate(urls) if group}
