"""Statements about what stands in the values of one column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import Composed

from nosender.privacy_audit.snapshot.probes.parts import (
    addressed,
    as_text,
    column,
    newest_first,
    owner_of,
    place_of,
    rows,
    text,
)
from nosender.privacy_audit.snapshot.probes.reading import INTEGERS, MOMENTS, TEXTS

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.probes.asked import Asked
    from nosender.privacy_audit.snapshot.probes.reading import Column, Table

CONTACT = (
    r"\+[1-9][0-9]{6,14}|[[:alnum:]._%+-]{2,}@[[:alnum:]-]{2,}\.[[:alpha:]]{2,}|[0-9]{1,3}(\.[0-9]{1,3}){3}"
)
CONTACT_IN_BYTES = CONTACT.replace("{2,}@[[:alnum:]-]{2,}", "{3,}@[[:alnum:]-]{3,}")
"""Of bytes the escaped ones are no letters, and an address of a few letters comes up by chance."""
PHONES = ("destination-phone", "account-phone")
UNIQUE = ("random-id", "ciphertext", "wrapped-key", "public-key", "signature", "device-id", "device-key")
"""Classes of which no two rows may have the same value, whoever owns them."""
READABLE = (*TEXTS, "json", "jsonb", "xml", "text[]", "inet")
UTF8 = (
    r"^(\\2[0-7]{2}){0,3}"
    r"([^\\]|\\\\|\\3[0-3][0-7]\\2[0-7]{2}|\\3[45][0-7](\\2[0-7]{2}){2}|\\36[0-7](\\2[0-7]{2}){3})*"
    r"(\\3[0-7]{2}(\\2[0-7]{2}){0,2})?$"
)
"""Text in UTF-8, cut anywhere, in the escape format of bytea; 64 random bytes are nearly never that."""
COMPARED = (*INTEGERS, "numeric", "uuid", "double precision", "bigint[]", "integer[]")
"""Types that are compared as they are, which is faster than as text."""
TIMED = "^[0-9a-f]{8}-[0-9a-f]{4}-[167][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
ULID = "^01[0-9a-hjkmnp-tv-z]{24}$"
LETTERS = 300
"""Of so many identifiers each letter is looked at."""
COUNTER_ENDS = 1 << 32
"""No counter of ours gets there: the one of a device ends at it, and a rotation is not done so often."""

BYTES = r"""(
  with stored as (
    select
      {content} as content,
      pg_catalog.pg_column_size({content}) > 2000 as outside,
      pg_catalog.row_number() over (
        partition by pg_catalog.pg_column_size({content}) > 2000 order by {newest_first}
      ) as place
    from {rows} as r
    where {content} is not null
  ),
  -- Materialized, or the slice would be fetched again for each of its bytes.
  heads as materialized (
    select
      content,
      outside,
      place,
      pg_catalog.octet_length(content) as size,
      pg_catalog.substring(content, 1, 128) as head,
      pg_catalog.substring(content, greatest(1, pg_catalog.octet_length(content) - 15), 16) as tail
    from stored
    where place <= {outside} or not outside
  ),
  -- In the escape format a byte above 127, and 0, takes four characters and a backslash two.
  spelled as materialized (
    select
      h.*,
      pg_catalog.octet_length(h.head) as bytes,
      (
        pg_catalog.octet_length(pg_catalog.replace(pg_catalog.encode(h.head, 'escape'), '\\', '\'))
        - pg_catalog.octet_length(h.head)
      ) / 3 as high
    from heads as h
  ),
  measured as (
    select
      s.*,
      -- Who shows 53 values in 64 bytes, as nearly all that is random, shows more than enough in 128.
      case when s.bytes = 128 and (
        select pg_catalog.bit_count(pg_catalog.bit_or(
          pg_catalog.set_bit(pg_catalog.repeat('0', 256)::bit(256), pg_catalog.get_byte(s.head, i), 1)
        ))
        from pg_catalog.generate_series(0, 63) as i
      ) >= 53 then 128 else (
        select pg_catalog.bit_count(pg_catalog.bit_or(
          pg_catalog.set_bit(pg_catalog.repeat('0', 256)::bit(256), pg_catalog.get_byte(s.head, i), 1)
        ))
        from pg_catalog.generate_series(0, s.bytes - 1) as i
      ) end as different,
      case when s.high * 10 <= s.bytes then (
        select pg_catalog.count(*) filter (where octet between 32 and 126 or octet in (9, 10, 13))
        from (
          select pg_catalog.get_byte(s.head, i) as octet from pg_catalog.generate_series(0, s.bytes - 1) as i
        ) as octets
      ) else 0 end as plain,
      -- The rest in windows of 64 bytes: all of a value that stands in its row, of others some, and the end.
      s.size > 128 and exists (
        select
        from pg_catalog.generate_series(
          0,
          case
            when not s.outside then (s.size - 129) / 64
            when {whole} and s.place <= 100 then 7
            else 0
          end
        ) as w
        cross join lateral (
          select pg_catalog.encode(pg_catalog.substring(
            s.content, s.size - 63 - w * case when s.outside then (s.size - 192) / 7 else 64 end, 64
          ), 'escape') as spelled
        ) as read
        where
          (pg_catalog.octet_length(pg_catalog.replace(read.spelled, '\\', '\')) - 64) / 3
          not between 7 and 57
          or s.place <= 100 and read.spelled ~ {utf8}::text
      ) as late
    from spelled as s
  )
  select
    {table}::text as table_name,
    {name}::text as column_name,
    pg_catalog.count(*) as examined,
    pg_catalog.count(*) filter (where bytes >= 8 and plain * 10 >= bytes * 9) as printable,
    pg_catalog.count(*) filter (
      where bytes >= 16 and different::float8
      < 0.65::float8 * 256::float8
      * (1::float8 - pg_catalog.power(1::float8 - 1::float8 / 256::float8, bytes::float8))
    ) as uniform,
    pg_catalog.count(*) filter (
      where pg_catalog.substring(head, 1, 3) in ('\x1f8b08'::bytea, '\xffd8ff'::bytea, '\x474946'::bytea)
      or pg_catalog.substring(head, 1, 4) in (
        '\x504b0304'::bytea, '\x89504e47'::bytea, '\x25504446'::bytea, '\x4f676753'::bytea,
        '\x52494646'::bytea, '\x28b52ffd'::bytea
      )
    ) as structured,
    pg_catalog.count(*) filter (
      where pg_catalog.substring(head, 1, 2) in (
        '\x7801'::bytea, '\x785e'::bytea, '\x789c'::bytea, '\x78da'::bytea
      )
    ) as zlib,
    pg_catalog.count(*) filter (
      where pg_catalog.encode(head, 'escape') ~ {contact}::text
      and pg_catalog.regexp_replace(
        pg_catalog.encode(head, 'escape'), '\\[0-7]{{3}}', ' ', 'g'
      ) ~ {contact_in_bytes}::text
    ) as contacts,
    pg_catalog.count(*) - pg_catalog.count(distinct pg_catalog.substring(head, 1, 64)) as repeated,
    pg_catalog.count(*) - pg_catalog.count(distinct pg_catalog.substring(head, 1, 12)) as repeated_nonce,
    pg_catalog.count(*) - pg_catalog.count(distinct pg_catalog.substring(head, 1, 4)) as repeated_prefix,
    pg_catalog.count(*) - pg_catalog.count(distinct tail) as repeated_end,
    pg_catalog.count(*) - pg_catalog.count(distinct pg_catalog.substring(tail, 13, 4)) as repeated_suffix,
    pg_catalog.count(*) filter (where late) as late,
    {whole} and pg_catalog.count(*) = (select pg_catalog.count(*) from stored) as whole
  from measured
)"""


def times(asked: Asked) -> list[Composed]:
    """Moments that are finer than declared, and moments said to be past that lie ahead."""
    return [
        text(
            """(
              select
                {table}::text as table_name,
                {name}::text as column_name,
                pg_catalog.count(*) as examined,
                pg_catalog.count(*) filter (where v.moment <> pg_catalog.date_bin(
                  {resolution}::interval, v.moment, timestamp '2000-01-01'
                )) as finer,
                pg_catalog.count(*) filter (
                  where {past} and v.moment > (pg_catalog.now() at time zone 'utc') + interval '1 hour'
                ) as future,
                {whole} as whole
              from (select {moment} as moment from {rows} as r) as v
              where v.moment is not null and pg_catalog.isfinite(v.moment)
            )""",
            table=table.name,
            name=found.name,
            moment=_moment(found),
            resolution=f"{resolution} seconds",
            past=found.data_class == "time",
            rows=rows(table),
            whole=table.whole(),
        )
        for table in asked.declared()
        for found in table.columns
        if found.type in MOMENTS
        and found.declared is not None
        and found.declared.resolution is not None
        and (resolution := found.declared.resolution.seconds)
    ]


def _moment(found: Column) -> Composed:
    """The column as a moment without time zone, in UTC."""
    if found.type == "timestamp with time zone":
        return text("({value}::timestamptz at time zone 'utc')", value=column(found.name))
    return text("{value}::timestamp", value=column(found.name))


def content(asked: Asked) -> list[Composed]:
    """What looks like something that should not be there, column by column."""
    parts = []
    for table in asked.declared():
        for found in table.columns:
            if found.data_class in PHONES:
                continue
            if found.type == "bytea":
                parts.append(
                    text(
                        BYTES,
                        content=text("{value}::bytea", value=column(found.name)),
                        newest_first=newest_first(table),
                        rows=rows(table),
                        outside=1000 if table.whole() else 8,
                        table=table.name,
                        name=found.name,
                        contact=CONTACT,
                        contact_in_bytes=CONTACT_IN_BYTES,
                        utf8=UTF8,
                        whole=table.whole(),
                    )
                )
            elif found.type in READABLE or not found.type:
                parts.append(_texts(table, found))
            elif found.type in INTEGERS and found.data_class == "counter":
                parts.append(_counter(table, found))
    return parts


def _texts(table: Table, found: Column) -> Composed:
    """A column of text, or of a type that somebody made: does it hold a number or an address?"""
    return text(
        """(
          select
            {table}::text as table_name,
            {name}::text as column_name,
            pg_catalog.count(*) as examined,
            0::bigint as printable, 0::bigint as uniform, 0::bigint as structured, 0::bigint as zlib,
            pg_catalog.count(*) filter (where pg_catalog.left({value}, 1000) ~ {contact}::text) as contacts,
            0::bigint as repeated, 0::bigint as repeated_nonce, 0::bigint as repeated_prefix,
            {whole} as whole
          from {rows} as r
          where {value} is not null
        )""",
        table=table.name,
        name=found.name,
        value=as_text(found),
        contact=CONTACT,
        rows=rows(table),
        whole=table.whole(),
    )


def _counter(table: Table, found: Column) -> Composed:
    """A column that counts: how many of its values no counting leads to."""
    return text(
        """(
          select
            {table}::text as table_name,
            {name}::text as column_name,
            pg_catalog.count(*) as examined,
            pg_catalog.count(*) filter (where {value} >= {end}::bigint) as beyond,
            {whole} as whole
          from {rows} as r
          where {value} is not null
        )""",
        table=table.name,
        name=found.name,
        value=text("{value}::bigint", value=column(found.name)),
        end=COUNTER_ENDS,
        rows=rows(table),
        whole=table.whole(),
    )


IDENTIFIERS = """(
  with named as (
    select
      {value} as name,
      pg_catalog.substring({phone}, 2) as own_number,
      pg_catalog.lag({value}) over (order by {place}) as before
    from {rows} as r
  ),
  -- Letter by letter, of some: those of the commonest length, and by the parts between punctuation.
  chosen as materialized (
    select
      n.name,
      pg_catalog.length(n.name) as size,
      pg_catalog.string_to_array(pg_catalog.regexp_replace(n.name, '[^0-9A-Za-z]+', '-', 'g'), '-') as parts
    from (select distinct d.name from named as d where d.name is not null) as n
    order by pg_catalog.hashtextextended(n.name, 1)
    limit {letters}
  ),
  common as materialized (
    select
      pg_catalog.mode() within group (order by c.size) as size,
      pg_catalog.mode() within group (order by pg_catalog.cardinality(c.parts)) as parts
    from chosen as c
  ),
  alike as materialized (select c.name from chosen as c where c.size = (select m.size from common as m)),
  split as materialized (
    select c.parts from chosen as c where pg_catalog.cardinality(c.parts) = (select m.parts from common as m)
  ),
  places as (
    select l.place, pg_catalog.count(*) as kinds, pg_catalog.sum(l.copies * (l.copies - 1))::bigint as pairs
    from (
      select i as place, pg_catalog.substr(a.name, i, 1) as letter, pg_catalog.count(*) as copies
      from alike as a
      cross join pg_catalog.generate_series(1, least(64, (select m.size from common as m))) as i
      group by 1, 2
    ) as l
    group by l.place
  ),
  windows as (
    select i as place, pg_catalog.count(distinct pg_catalog.substr(a.name, i, 4)) as kinds
    from alike as a
    cross join pg_catalog.generate_series(1, least(61, (select m.size - 3 from common as m))) as i
    group by i
  ),
  part_kinds as (
    select i as place, pg_catalog.count(distinct s.parts[i]) as kinds
    from split as s
    cross join pg_catalog.generate_series(1, least(16, (select m.parts from common as m))) as i
    group by i
  )
  select
    {table}::text as table_name,
    {column}::text as column_name,
    pg_catalog.count(*) as examined,
    pg_catalog.count(*) filter (where name ~* {timed}::text or name ~* {ulid}::text) as timed,
    pg_catalog.count(*) filter (where name ~ '^[0-9]+$') as digits,
    pg_catalog.count(*) filter (
      where (own_number <> '' and pg_catalog.strpos(name, own_number) > 0) or name ~ '\\+[1-9][0-9]{{6,14}}'
    ) as phones,
    pg_catalog.count(*) filter (where pg_catalog.octet_length(name) < 16) as short,
    pg_catalog.count(distinct name) as names,
    pg_catalog.count(distinct pg_catalog.left(name, 6)) as prefixes,
    pg_catalog.count(distinct pg_catalog.right(name, 6)) as suffixes,
    pg_catalog.count(*) filter (
      where name collate pg_catalog."C" > before collate pg_catalog."C"
    ) as ascending,
    (select pg_catalog.count(*) from chosen) as chosen,
    (select pg_catalog.count(*) from alike) as alike,
    (select pg_catalog.count(*) from split) as split,
    (select pg_catalog.array_agg(p.kinds order by p.place) from places as p) as letter_kinds,
    (select pg_catalog.array_agg(p.pairs order by p.place) from places as p) as letter_pairs,
    (select pg_catalog.array_agg(w.kinds order by w.place) from windows as w) as window_kinds,
    (select pg_catalog.array_agg(p.kinds order by p.place) from part_kinds as p) as part_kinds,
    {whole} as whole
  from named
)"""


def identifiers(asked: Asked) -> list[Composed]:
    """Identifiers that say when, in which order or by whom they were made."""
    return [
        text(
            IDENTIFIERS,
            value=as_text(found),
            phone=text("{phone}::text", phone=column(phone[0].name))
            if (phone := table.of_class("destination-phone"))
            else text("'+'::text"),
            place=column(place_of(table)),
            rows=rows(table),
            letters=LETTERS,
            table=table.name,
            column=found.name,
            timed=TIMED,
            ulid=ULID,
            whole=table.whole(),
        )
        for table in asked.declared()
        for found in table.of_class("random-id")
    ]


SHARED = """(
  with placed as (
    select
      r.*,
      pg_catalog.pg_column_size({content}) > 2000 as audit_outside,
      pg_catalog.row_number() over (
        partition by pg_catalog.pg_column_size({content}) > 2000 order by {newest_first}
      ) as audit_rank
    from {rows} as r
    where {content} is not null
  ),
  held as materialized (
    select {value} as held_value, {owner} as held_by, pg_catalog.count(*) as copies
    from placed as r
    where r.audit_rank <= {outside} or not r.audit_outside
    group by 1, 2
  ),
  spread as (
    select pg_catalog.count(*) as owners, pg_catalog.sum(copies)::bigint as copies
    from held
    group by held_value
  )
  select
    {table}::text as table_name,
    {label}::text as column_name,
    coalesce(pg_catalog.sum(copies), 0)::bigint as examined,
    pg_catalog.count(*) as distinct_values,
    pg_catalog.count(*) filter (where owners > 1) as shared_values,
    coalesce(pg_catalog.sum(owners), 0)::bigint as pairs,
    coalesce(pg_catalog.max(owners), 0) as widest,
    (select pg_catalog.count(*) from (select distinct held_by from held) as h) as owners,
    {whole} and coalesce(pg_catalog.sum(copies), 0::numeric) = (
      select pg_catalog.count(*) from placed
    )::numeric as whole
  from spread
)"""


def shared_values(asked: Asked) -> list[Composed]:
    """Values that stand under more than one owner, column by column."""
    catalogue = asked.catalogue
    parts = []
    for table in asked.declared():
        owner = owner_of(catalogue, table)
        # the number of a message, of which every device of its destination has a delivery
        to_addressed = {
            key.columns[0]
            for key in catalogue.foreign_keys
            if key.table == table.name and key.parent in addressed(catalogue)
        }
        for found in table.columns:
            if found.name in {"id", owner} | to_addressed or found.type in ("boolean", *MOMENTS):
                continue
            if owner is None and found.data_class not in UNIQUE:
                continue  # nobody's rows: that two of them are alike joins nobody
            for suffix, value in _shapes(found):
                parts.append(
                    text(
                        SHARED,
                        content=column(found.name),
                        value=value,
                        owner=column(owner or "audit_place"),
                        newest_first=newest_first(table),
                        rows=rows(table),
                        outside=1000 if table.whole() else 8,
                        table=table.name,
                        label=found.name + suffix,
                        whole=table.whole(),
                    )
                )
    return parts


def _shapes(found: Column) -> list[tuple[str, Composed]]:
    """In which forms the values of a column are compared, with what is added to its name for each."""
    value = column(found.name)
    if found.type == "bytea":
        return [
            ("", text("pg_catalog.substring({value}::bytea, 1, 64)", value=value)),
            ("[1..8]", text("pg_catalog.substring({value}::bytea, 1, 8)", value=value)),
        ]
    if found.data_class == "random-id":
        # An identifier is the same in capitals, without its dashes, and backwards.
        plain = text("pg_catalog.lower(pg_catalog.translate({value}, '-_ {{}}', ''))", value=as_text(found))
        return [
            ("", as_text(found)),
            ("[alike]", text("least({plain}, pg_catalog.reverse({plain}))", plain=plain)),
        ]
    if found.type in COMPARED:
        return [("", text("{value}", value=value))]
    return [("", as_text(found))]
