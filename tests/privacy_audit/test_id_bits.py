"""A number in the random bits of an id: whoever wrote the row stands in it, and no column says so."""

from __future__ import annotations

import psycopg
import pytest

from nosender.privacy_audit.finding import Finding
from nosender.privacy_audit.runner import Options, run
from nosender.server.target import Target

MESSAGE = """
insert into messages (id, destination_phone, encrypted_content, message_id)
select {id}, '+1555010' || lpad((n % 500)::text, 4, '0'),
  decode(md5(n::text) || md5('a' || n) || md5('b' || n) || md5('c' || n), 'hex'), gen_random_uuid()::text
from generate_series(1, {rows}) as n
"""
KEY = """
insert into ephemeral_keys (id, destination_phone, key_exchange_id, ephemeral_public_key, expires_at)
select {id}, '+1555010' || lpad((n % 500)::text, 4, '0'), gen_random_uuid()::text,
  sha256(n::text::bytea), date_trunc('hour', now() at time zone 'utc') + interval '1 day'
from generate_series(1, {rows}) as n
"""

WAYS = {
    "the number of one of 300 people": "({drawn} & ~511) | (1 + n % 300)",
    "of twelve, above other bits": "({drawn} & ~(511 << 9)) | ((1 + n % 12) << 9)",
    "a hash of one of 300": "({drawn} & ~8191) | (hashint4(n % 300) & 8191)",
    "hidden by a constant": "(({drawn} & ~511) | (1 + n % 300)) # 333",
}


def findings(conninfo: str) -> list[Finding]:
    return list(run(Target(conninfo), Options(checks=("sequence-id",))).findings)


def fill(conninfo: str, table: str, way: str, rows: int = 1500) -> None:
    with psycopg.connect(conninfo) as connection:
        (drawn,) = connection.execute(
            "select pg_get_expr(adbin, adrelid) from pg_attrdef join pg_attribute as a"
            " on attrelid = adrelid and attnum = adnum where adrelid = %s::regclass and attname = 'id'",
            [table],
        ).fetchone() or ("",)
        text = MESSAGE if table == "messages" else KEY
        connection.execute(text.format(id=way.format(drawn=f"({drawn})"), rows=rows).encode())


@pytest.mark.parametrize("table", ["messages", "ephemeral_keys"])
@pytest.mark.parametrize("way", WAYS)
def test_a_number_in_the_bits_is_found(migrated: str, table: str, way: str) -> None:
    fill(migrated, table, WAYS[way])
    assert [each.object for each in findings(migrated)] == [f"public.{table}.id"]


@pytest.mark.parametrize("rows", [40, 5000])
@pytest.mark.parametrize("table", ["messages", "ephemeral_keys"])
def test_ids_as_they_are_drawn_have_none(migrated: str, table: str, rows: int) -> None:
    fill(migrated, table, "{drawn}", rows)
    assert findings(migrated) == []
