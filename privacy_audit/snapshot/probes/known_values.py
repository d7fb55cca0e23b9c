"""Statements that look for values of ours where they do not belong: numbers, identifiers, credentials, keys.

Two ways. In columns of our own, above all in ciphertexts, whatever stands at any place is compared with what
is stored about people. In tables of other schemas, what reads like a number, an identifier or a key, in any
type and spelling, is looked up with us through indexes.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composable, Composed

from nosender.privacy_audit.snapshot.probes.parts import (
    as_text,
    column,
    name_of,
    owner_of,
    people_of,
    rows,
    text,
)
from nosender.privacy_audit.snapshot.probes.reading import INTEGERS, MOMENTS

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.probes.asked import Asked
    from nosender.privacy_audit.snapshot.probes.reading import Column, Table

KNOWN = 2000
"""At most so many values of one of our columns are looked for."""
BYTES = 80_000
"""So many bytes of a column's values are looked at, and of each value REACH."""
REACH = 2048
ANCHOR, STEP = 6, 4
"""Every fourth place of a value is looked at, six bytes from there, for the last nine bytes of what is known,
beginnings being often alike; what is found is compared whole.
"""
COLUMNS = 5000
"""Of other schemas, so many columns are looked into."""
BATCH = 40
"""So many tables of other schemas are asked about in one statement."""
SMALL = 60
"""A table of another schema with up to so many pages is read whole, of larger ones a third of that."""
WORDS = 300
LOOKUPS = 100
IGNORED = frozenset(
    {
        "boolean", "smallint", "real", "interval", "oid", "time without time zone", "time with time zone",
        '"char"', *MOMENTS,
    }
)  # fmt: skip
"""Types that can hold none of these values."""


def matching_values(asked: Asked) -> list[Composed]:
    """First our own columns, then those of the other schemas."""
    tables = asked.declared()
    return [*_own(asked, tables), *_others(asked, tables)]


def _known(asked: Asked, tables: list[Table]) -> Composed:
    """What is stored about people, as bytes, each with the number of the user whose it is."""
    people = people_of(asked.catalogue)
    found = []
    for table in tables:
        owner = owner_of(asked.catalogue, table)
        of_person = table.name in people or any(
            key.table == table.name and key.columns == (owner,) and key.parent in people
            for key in asked.catalogue.foreign_keys
        )
        if owner is None or not of_person:
            continue
        for each in table.of_class("account-phone", "device-id", "device-key", "public-key", "random-id"):
            part = text(
                """(
                  select v.whole, v.owner
                  from (select {value} as whole, {owner}::integer as owner from {rows} as r) as v
                  where pg_catalog.octet_length(v.whole) >= {least}
                  limit {most}
                )""",
                value=_known_bytes(each),
                owner=column(owner),
                rows=rows(table, 20),
                least=9 if each.data_class == "account-phone" else 16,
                most=KNOWN,
            )
            found.append(part)
    return SQL(" union all ").join(found)


def _known_bytes(found: Column) -> Composed:
    """The value as it would stand in somebody's bytes: of a number the digits."""
    if found.type == "bytea":
        return text("{value}::bytea", value=column(found.name))
    start = 2 if found.data_class == "account-phone" else 1
    return text(
        "pg_catalog.convert_to(pg_catalog.substring({value}, {start}), 'UTF8')",
        value=as_text(found),
        start=start,
    )


def _is_searched(found: Column) -> bool:
    """Whether a value of somebody's could stand in the column and has no business there."""
    if found.type in IGNORED or found.data_class in ("serial", "link"):
        return False
    if found.data_class in ("ciphertext", "wrapped-key", "random-id", "state", "counter", None):
        return found.data_class != "counter" or found.type in INTEGERS
    return found.data_class == "bookkeeping" and found.type not in INTEGERS


HELD = """(
  select
    {label} as label, w.id, w.phone, w.owner, {random} as random,
    pg_catalog.substring(w.content, 1, {reach}) as content,
    {whole} and w.total = pg_catalog.count(*) over ()
    and pg_catalog.bool_and(pg_catalog.octet_length(w.content) <= {reach}) over () as whole
  from (
    select
      v.*,
      pg_catalog.row_number() over (order by v.place) as id,
      pg_catalog.sum(least({reach}, pg_catalog.octet_length(v.content))) over (order by v.place) as bytes,
      pg_catalog.count(*) over () as total
    from (
      select {distinct}
        {content} as content,
        {phone} as phone,
        {owner} as owner,
        {outside} as outside,
        {place} as place
      from {rows} as r
      where {value} is not null
    ) as v
  ) as w
  where w.bytes <= {most} and (not w.outside or w.id <= {far})
)"""
OWN = """(
  with known as materialized (
    select distinct k.whole, k.owner, pg_catalog.octet_length(k.whole) as size from ({known}) as k
  ),
  endings as materialized (
    select
      k.whole, k.owner, k.size, k.size - {anchor} + 1 - back as place,
      pg_catalog.substring(k.whole, k.size - {anchor} + 1 - back, {anchor}) as piece
    from known as k
    cross join pg_catalog.generate_series(0, {step} - 1) as back
  ),
  held as materialized ({held}),
  pieces as materialized (
    select h.label, h.id, h.random, h.phone, i as place, pg_catalog.substring(h.content, i, {anchor}) as piece
    from held as h
    cross join lateral pg_catalog.generate_series(
      1, pg_catalog.octet_length(h.content) - {anchor} + 1, {step}
    ) as i
  ),
  strangers as materialized (
    select distinct h.label, h.id
    from pieces as p
    inner join endings as k on k.piece = p.piece
    inner join held as h on h.label = p.label and h.id = p.id
    where
      p.place >= k.place
      and pg_catalog.substring(h.content, p.place - k.place + 1, k.size) = k.whole
      and (select u.phone_number::text from only {users} as u where u.id = k.owner) is distinct from coalesce(
        h.phone, (select u.phone_number::text from only {users} as u where u.id = h.owner)
      )
  ),
  alike as materialized (
    select f.label, pg_catalog.sum(f.copies)::bigint as copies
    from (
      select p.label, pg_catalog.count(*) as copies
      from pieces as p
      where p.random
      group by p.label, p.place, p.piece
      having pg_catalog.count(*) > 1 and pg_catalog.min(p.phone) < pg_catalog.max(p.phone)
    ) as f
    group by f.label
  )
  select
    {schema}::text as schema_name,
    c.table_name,
    c.column_name,
    (select pg_catalog.count(*) from held as h where h.label = c.label) as examined,
    (select pg_catalog.count(*) from known) as compared,
    (select pg_catalog.count(*) from strangers as s where s.label = c.label) as matching,
    coalesce((select a.copies from alike as a where a.label = c.label), 0) as repeated,
    true as readable,
    true as looked,
    coalesce((select pg_catalog.bool_and(h.whole) from held as h where h.label = c.label), true) as whole
  from (values {columns}) as c (label, table_name, column_name)
)"""


def _own(asked: Asked, tables: list[Table]) -> list[Composed]:
    """Our own columns: what stands in their values of what is known of somebody else than the row is for."""
    (users,) = asked.tables("users")
    held: list[Composed] = []
    columns: list[Composed] = []
    for table in tables:
        owner, phone = owner_of(asked.catalogue, table), table.of_class("destination-phone")
        of_user = table.column("user_id") is not None and owner == "user_id"
        for found in filter(_is_searched, table.columns):
            label = len(columns)
            columns.append(
                text("({label}, {table}::text, {name}::text)", label=label, table=table.name, name=found.name)
            )
            # what tells nobody apart is looked at once, whoever has it
            each_once = found.data_class in ("state", "counter", "bookkeeping")
            held.append(
                text(
                    HELD,
                    label=label,
                    random=found.data_class == "ciphertext",
                    reach=REACH,
                    content=_own_bytes(found),
                    phone=text("{phone}::text", phone=column(phone[0].name))
                    if phone and not each_once
                    else SQL("null::text"),
                    owner=text("{owner}::integer", owner=column(owner or ""))
                    if of_user and not each_once
                    else SQL("null::integer"),
                    distinct=SQL("distinct" if each_once else ""),
                    place=text("pg_catalog.md5({content})", content=_own_bytes(found))
                    if each_once
                    else SQL("pg_catalog.hashtextextended(r.audit_place::text, 1)"),
                    rows=rows(table),
                    value=column(found.name),
                    outside=SQL("pg_catalog.pg_column_size({value}) > 2000").format(value=column(found.name))
                    if found.data_class in ("ciphertext", "wrapped-key", None)
                    else SQL("false"),
                    whole=table.whole(),
                    most=BYTES,
                    far=100 if table.whole() else 8,
                )
            )
    if not held:
        return []
    return [
        text(
            OWN,
            anchor=ANCHOR,
            step=STEP,
            known=_known(asked, tables),
            held=SQL(" union all ").join(held),
            users=name_of(users),
            schema=asked.schema,
            columns=SQL(", ").join(columns),
        )
    ]


def _own_bytes(found: Column) -> Composed:
    """The value as bytes, text as it is written."""
    if found.type == "bytea":
        return text("{value}::bytea", value=column(found.name))
    return text("pg_catalog.convert_to(pg_catalog.left({value}, 1000), 'UTF8')", value=as_text(found))


OTHERS = """(
  with known as materialized (select distinct k.whole from ({known}) as k),
  words as materialized ({words}),
  listed as (select c.* from (values {columns}) as c (label, schema_name, table_name, column_name, sampled)),
  suspected as (
    select w.label, 'number' as kind, pg_catalog.regexp_replace(
      pg_catalog.regexp_replace(found.run[1], '[^0-9]', '', 'g'), '^00', ''
    ) as word
    from words as w
    cross join lateral pg_catalog.regexp_matches(
      w.word, '([0-9][-0-9 ()./]{{5,20}}[0-9])', 'g'
    ) as found (run)
    union
    select w.label, 'identifier', found.run[1]
    from words as w
    cross join lateral pg_catalog.regexp_matches(
      w.word, '([0-9A-Za-z_+/=-]{{16,}})', 'g'
    ) as found (run)
    union
    select w.label, 'identifier', pg_catalog.btrim(w.word)
    from words as w
    where pg_catalog.btrim(w.word) ~ '^[[:graph:]]{{16,100}}$'
  ),
  ranked as (
    select
      s.*,
      pg_catalog.row_number() over (
        partition by s.label, s.kind order by pg_catalog.hashtextextended(s.word, 1)
      ) as place
    from suspected as s
    where s.kind = 'identifier' or pg_catalog.length(s.word) between 7 and 15
  ),
  compared as materialized (
    select
      r.label,
      r.kind,
      case when r.kind = 'number' then array['+' || r.word, '+' || pg_catalog.reverse(r.word)] end as numbers,
      case when r.kind = 'identifier' then array[
        r.word, pg_catalog.lower(r.word), pg_catalog.upper(r.word), pg_catalog.reverse(r.word),
        pg_catalog.regexp_replace(
          pg_catalog.lower(r.word),
          '^(.{{8}})-?(.{{4}})-?(.{{4}})-?(.{{4}})-?(.{{12}})$',
          '\\1-\\2-\\3-\\4-\\5'
        ),
        pg_catalog.replace(pg_catalog.lower(r.word), '-', '')
      ] end as identifiers,
      case when r.kind = 'identifier' and r.word ~ '^x?([0-9A-Fa-f]{{2}}){{16,}}$'
        then pg_catalog.decode(pg_catalog.ltrim(r.word, 'x'), 'hex') end as from_hex,
      case when r.kind = 'identifier' and r.word ~ '^[0-9A-Za-z_+/-]{{22,}}={{0,2}}$'
        and pg_catalog.length(pg_catalog.rtrim(r.word, '=')) % 4 <> 1
        then pg_catalog.decode(pg_catalog.rpad(
          pg_catalog.translate(pg_catalog.rtrim(r.word, '='), '-_', '+/'),
          (pg_catalog.length(pg_catalog.rtrim(r.word, '=')) + 3) / 4 * 4,
          '='
        ), 'base64') end as from_base64
    from ranked as r
    where r.place <= {lookups}
  ),
  counted as (
    select
      c.label,
      pg_catalog.count(*) as compared,
      pg_catalog.count(*) filter (where c.kind = 'number') as numbers,
      pg_catalog.count(*) filter (
        where coalesce({lookup})
        or c.from_hex in (select k.whole from known as k)
        or c.from_base64 in (select k.whole from known as k)
      ) as matching
    from compared as c
    group by c.label
  ),
  read as (
    select
      w.label,
      pg_catalog.count(distinct w.place) filter (where w.word is not null) as examined,
      pg_catalog.bool_and(w.word is not null) and pg_catalog.max(w.total) <= {rows} as whole
    from words as w
    group by w.label
  )
  select
    l.schema_name,
    l.table_name,
    l.column_name,
    coalesce(r.examined, 0) as examined,
    coalesce(c.compared, 0) as compared,
    coalesce(c.matching, 0) as matching,
    true as readable,
    true as looked,
    not l.sampled and coalesce(r.whole, true) and coalesce(c.numbers, 0) < {lookups}
    and coalesce(c.compared - c.numbers, 0) < {lookups} as whole
  from listed as l
  left join read as r on r.label = l.label
  left join counted as c on c.label = l.label
)"""


def _others(asked: Asked, tables: list[Table]) -> list[Composed]:
    """The tables of the other schemas, some in a statement; what is not read is said, column by column."""
    parts, label, batch = [], 0, []
    for table in asked.around.others:
        found = [each for each in table.columns if each.type not in IGNORED]
        if table.refused is not None or label >= COLUMNS:
            parts += [_unread(table, each, looked=label < COLUMNS) for each in found]
        elif found:
            batch.append((label, table, found))
            label += len(found)
    left = iter(batch)
    while some := list(islice(left, BATCH)):
        parts.append(_batch(asked, tables, some))
    return parts


def _unread(table: Table, found: Column, *, looked: bool) -> Composed:
    """A column that nobody looked into."""
    return text(
        """(
          select
            {schema}::text as schema_name, {table}::text as table_name, {column}::text as column_name,
            0 as examined, 0 as compared, 0 as matching,
            {readable} as readable, {looked} as looked, false as whole, {reason}::text as reason
        )""",
        schema=table.schema,
        table=table.name,
        column=found.name,
        readable=table.refused is None,
        looked=looked,
        reason=table.refused or "",
    )


def _batch(asked: Asked, tables: list[Table], some: list[tuple[int, Table, list[Column]]]) -> Composed:
    """One statement about these tables, with the number of the first column of each."""
    columns = [
        text(
            "({label}, {schema}::text, {table}::text, {column}::text, {sampled})",
            label=first + place,
            schema=table.schema,
            table=table.name,
            column=each.name,
            sampled=not table.whole(SMALL),
        )
        for first, table, found in some
        for place, each in enumerate(found)
    ]
    lookups: list[Composed] = [
        text(
            "(select true from only {table} as o where {value}::text = any (c.{words}) limit 1)",
            table=name_of(table),
            value=column(each.name, "o"),
            words=SQL("identifiers" if each.data_class == "random-id" else "numbers"),
        )
        for table in tables
        for each in table.of_class("account-phone", "destination-phone", "random-id")
        if each.type in ("text", "character varying")
    ] + [
        text(
            "(select true from only {table} as o where {value} in (c.from_hex, c.from_base64) limit 1)",
            table=name_of(table),
            value=column(each.name, "o"),
        )
        for table in tables
        for each in table.of_class("device-id")
        if each.type == "bytea"
    ]
    return text(
        OTHERS,
        known=_known(asked, tables),
        words=SQL(" union all ").join(_words(first, table, found) for first, table, found in some),
        columns=SQL(", ").join(columns),
        lookup=SQL(", ").join([*lookups, text("false")]),
        lookups=LOOKUPS,
        rows=WORDS,
    )


def _words(first: int, table: Table, found: list[Column]) -> Composed:
    """What stands in some rows of a table, column by column, as text."""
    sample = text("")
    if not table.whole(SMALL):
        share = round(100 * SMALL / 3 / table.pages, 6)
        sample = text("tablesample system ({share}) repeatable (1)", share=SQL(f"{share:f}"))  # a number
    values = []
    for place, each in enumerate(found):
        value = SQL(f"s.c{place}")
        short = text(
            "pg_catalog.pg_column_size({value}) <= 2000"
            " or (pg_catalog.pg_column_size({value}) <= 16000 and s.place <= 8)",
            value=value,
        )
        values += [
            text(
                "({label}, {value} is not null, case when {short} then {word} end)",
                label=first + place,
                value=value,
                short=short,
                word=word,
            )
            for word in _spellings(each, value)
        ]
    return text(
        """(
          select v.label, v.word, s.place, s.total
          from (
            select
              {columns},
              pg_catalog.count(*) over () as total,
              pg_catalog.row_number() over (order by pg_catalog.hashtextextended(r.ctid::text, 1)) as place
            from only {table} as r {sample}
          ) as s
          cross join lateral (values {values}) as v (label, present, word)
          where s.place <= {rows} and v.present
        )""",
        columns=SQL(", ").join(
            text("{column} as {name}", column=column(each.name), name=SQL(f"c{place}"))
            for place, each in enumerate(found)
        ),
        table=name_of(table),
        sample=sample,
        values=SQL(", ").join(values),
        rows=WORDS,
    )


def _spellings(found: Column, value: Composable) -> list[Composed]:
    """How a value is read: bytes as text and as hex, all else as its type writes it."""
    if found.type == "bytea":
        return [
            text("pg_catalog.encode(pg_catalog.substring({value}::bytea, 1, 500), 'escape')", value=value),
            text("pg_catalog.encode(pg_catalog.substring({value}::bytea, 1, 700), 'hex')", value=value),
        ]
    return [text("pg_catalog.left(pg_catalog.concat({value}), 1000)", value=value)]
