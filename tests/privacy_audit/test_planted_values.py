"""Values of ours in columns of random types and encodings: each planted one is found, and nothing else."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from nosender.privacy_audit import runner
from nosender.server.target import Target
from nosender.traffic.fill import fill

ROWS, TABLES, PLANTED = 40, 36, 0.4

Encoding = Callable[[str], object]
"""Of a value as text; of bytes, their hex."""

TEXTS: dict[str, tuple[str, Encoding]] = {
    "text": ("text", str),
    "varchar": ("varchar(120)", str),
    "upper case": ("text", str.upper),
    "domain": ("elsewhere.word", str),
    "array": ("text[]", lambda value: ["first", value]),
    "composite": ("elsewhere.pair", lambda value: f'(1,"{value}")'),
    "json": ("json", lambda value: f'{{"deep": [{{"who": "{value}"}}]}}'),
    "jsonb": ("jsonb", lambda value: f'{{"who": "{value}", "n": 1}}'),
    "in a sentence": ("text", lambda value: f"for {value}, as agreed"),
    "bytes": ("bytea", str.encode),
    "hex": ("text", lambda value: value.encode().hex()),
    "base64": ("text", lambda value: base64.b64encode(value.encode()).decode()),
}
NUMBERS: dict[str, tuple[str, Encoding]] = TEXTS | {
    "without plus": ("text", lambda value: value[1:]),
    "at home": ("text", lambda value: f"0{value[3:]}"),
    "wide digits": ("text", lambda value: "".join(chr(0xFEE0 + ord(each)) for each in value)),
    "hexadecimal": ("text", lambda value: f"{int(value[1:]):x}"),
    "integer in bytes": ("bytea", lambda value: int(value[1:]).to_bytes(8, "big")),
    "integer": ("bigint", lambda value: int(value[1:])),
    "numeric": ("numeric", lambda value: int(value[1:])),
    "spaced": ("text", lambda value: f"{value[:4]} {value[4:7]} {value[7:]}"),
    "range": ("int8range", lambda value: f"[{int(value[1:])},{int(value[1:]) + 1})"),
}
BYTES: dict[str, tuple[str, Encoding]] = {
    "raw": ("bytea", bytes.fromhex),
    "raw array": ("bytea[]", lambda value: [bytes.fromhex(value)]),
    "hex": ("text", str),
    "upper hex": ("text", str.upper),
    "base64": ("text", lambda value: base64.b64encode(bytes.fromhex(value)).decode()),
    "json": ("jsonb", lambda value: f'{{"key": "{value}"}}'),
    "domain": ("elsewhere.word", str),
}
KINDS = {
    "number": ("select phone_number from users order by id", NUMBERS),
    "session id": ("select session_key_id from device_session_keys order by id", TEXTS),
    "message id": ("select message_id from messages order by id", TEXTS),
    "credential": ("select encode(credential_id, 'hex') from webauthn_credentials order by id", BYTES),
}
UNLIKE = {
    "number": lambda draw: f"+4930{draw.randrange(10**8):08}",
    "session id": lambda draw: f"{draw.getrandbits(128):032x}",
    "message id": lambda draw: f"{draw.getrandbits(128):032x}",
    "credential": lambda draw: f"{draw.getrandbits(256):064x}",
}
"""A value of the same form that is none of ours."""


@pytest.mark.parametrize("seed", range(1, 7))
def test_each_planted_column_is_found_and_no_other(target: Target, seed: int) -> None:
    fill(target, 60, 200, 7)
    draw = random.Random(seed)  # noqa: S311
    planted: dict[str, str] = {}
    clean: set[str] = set()
    with psycopg.connect(target.conninfo, autocommit=True, options="-c search_path=public") as owner:
        owner.execute("create schema elsewhere")
        owner.execute("create domain elsewhere.word as text check (value <> '')")
        owner.execute("create type elsewhere.pair as (one integer, two text)")
        for number in range(TABLES):
            kind = draw.choice(list(KINDS))
            query, encodings = KINDS[kind]
            form = draw.choice(list(encodings))
            type_, encode = encodings[form]
            is_planted = draw.random() < PLANTED
            values = [str(value) for (value,) in owner.execute(query.encode()).fetchmany(ROWS)]
            if not is_planted:
                values = [UNLIKE[kind](draw) for _ in values]
            name = f"t{number}"
            owner.execute(
                sql.SQL("create table elsewhere.{} (id integer, odd {})").format(
                    sql.Identifier(name), sql.SQL(type_)
                )
            )
            with owner.cursor() as cursor:
                insert = sql.SQL("insert into elsewhere.{} values (%s, %s::{})").format(
                    sql.Identifier(name), sql.SQL(type_)
                )
                cursor.executemany(insert, [(row, encode(value)) for row, value in enumerate(values)])
            if is_planted:
                planted[f"elsewhere.{name}.odd"] = f"{kind} as {form}"
            else:
                clean.add(f"elsewhere.{name}.odd")
    result = runner.run(target, runner.Options(checks=("matching-value",)))
    (check,) = [each for each in result.checks if each.check.slug == "matching-value"]
    found = {each.object for each in result.findings if each.check == "matching-value"}
    passed_over = {each for each in planted if each in (check.reason or "")}
    assert len(planted) >= TABLES * PLANTED / 2
    assert {each: planted[each] for each in planted.keys() - found - passed_over} == {}
    assert found & clean == set()
