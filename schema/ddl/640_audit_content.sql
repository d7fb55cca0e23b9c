set search_path = pg_catalog, pg_temp;

-- Per column of bytes or text, or of a type that somebody made, and per counter: how many values look like
-- something that should not be there. Of bytes the first 128 and the last 16 are looked at, and some of the
-- rest; of values that are stored outside the row, which cost four pages each, the 1,000 newest where the
-- table is read whole, and else the 8 newest.
--
-- printable: nine tenths of the bytes are printable ASCII, as in text, JSON, base64 or hex.
-- uniform: fewer than 0.65 of the different byte values that as many random bytes would show.
-- structured: starts like a picture, an archive or another file format. zlib: starts like a zlib stream.
-- contacts: holds a phone number, an e-mail or an IP address.
-- repeated: further rows with the same 64 first bytes; repeated_nonce: with the same 12; repeated_prefix: 4.
-- repeated_end: with the same 16 last bytes; repeated_suffix: with the same 4.
-- late: text or filling after the first 128 bytes. beyond: a count that no counting leads to.
-- marked: of the 64 first and 16 last bytes of 600 ciphertexts or wrapped keys, of these one for each owner,
-- the places where values meet more often than random bytes do, though they are not the same in all: what
-- stands there tells clients apart. Looks for eight standard deviations.
create function public.audit_content()
returns table (
  table_name text, column_name text, examined bigint, printable bigint, uniform bigint, structured bigint,
  zlib bigint, contacts bigint, repeated bigint, repeated_nonce bigint, repeated_prefix bigint,
  repeated_end bigint, repeated_suffix bigint, late bigint, beyond bigint, marked bigint, whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  part record;
  contact constant text := $contact$(?x)
    \+[1-9][0-9]{6,14}
    | [[:alnum:]._%+-]{2,}@[[:alnum:]-]{2,}\.[[:alpha:]]{2,}
    | [0-9]{1,3}(\.[0-9]{1,3}){3}$contact$;
  -- Of bytes the escaped ones are no letters, and an address of a few letters comes up by chance.
  in_bytes constant text := $in_bytes$(?x)
    \+[1-9][0-9]{6,14}
    | [[:alnum:]._%+-]{3,}@[[:alnum:]-]{3,}\.[[:alpha:]]{2,}
    | [0-9]{1,3}(\.[0-9]{1,3}){3}$in_bytes$;
begin
  for part in
    select
      c.parts || pg_catalog.jsonb_build_object(
        'contact', pg_catalog.quote_literal(contact),
        'contact_in_bytes', pg_catalog.quote_literal(in_bytes),
        'apart', case when c.class = 'wrapped-key' then c.parts ->> 'owner' else c.parts ->> 'place' end,
        'chosen', case when c.class in ('ciphertext', 'wrapped-key') then '600' else '0' end
      ) as parts,
      case
        when c.type = 'bytea' then 'bytes'
        when c.type in ('smallint', 'integer', 'bigint') then 'counter'
        else 'text'
      end as kind
    from public.audit_columns() as c
    where
      coalesce(c.class, '') not in ('account-phone', 'destination-phone')
      and (
        c.type in (
          'bytea', 'text', 'character varying', 'character', 'name', 'json', 'jsonb', 'xml', 'text[]', 'inet', ''
        )
        or c.type in ('smallint', 'integer', 'bigint') and c.class = 'counter'
      )
  loop
    return query execute public.audit_text(
      case part.kind when 'bytes' then $bytes$
        with stored as (
          select
            {value}::bytea as content,
            {apart} as apart,
            pg_catalog.pg_column_size({value}) > 2000 as outside,
            pg_catalog.row_number() over (
              partition by pg_catalog.pg_column_size({value}) > 2000 order by {place} desc
            ) as place
          from {rows} as r
          where {value} is distinct from null
        ),
        -- Materialized, or the slice would be fetched again for each of its bytes.
        heads as materialized (
          select
            content,
            apart,
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
                -- Text in UTF-8, cut anywhere, in the escape format; 64 random bytes are nearly never that.
                or s.place <= 100 and read.spelled ~ (
                  '^(\\2[0-7]{2}){0,3}'
                  '([^\\]|\\\\|\\3[0-3][0-7]\\2[0-7]{2}|\\3[45][0-7](\\2[0-7]{2}){2}|\\36[0-7](\\2[0-7]{2}){3})*'
                  '(\\3[0-7]{2}(\\2[0-7]{2}){0,2})?$'
                )
            ) as late
          from spelled as s
        ),
        chosen as materialized (
          select d.head, d.tail
          from (select distinct on (h.apart) h.head, h.tail from heads as h order by h.apart) as d
          where pg_catalog.octet_length(d.tail) = 16
          order by pg_catalog.md5(d.head || d.tail)
          limit {chosen}
        ),
        octets as (
          select i as place, pg_catalog.get_byte(c.head, i) as octet
          from chosen as c
          cross join lateral pg_catalog.generate_series(0, least(64, pg_catalog.octet_length(c.head)) - 1) as i
          union all
          select -i, pg_catalog.get_byte(c.tail, 16 - i)
          from chosen as c
          cross join pg_catalog.generate_series(1, 16) as i
        ),
        met as (
          select
            o.place,
            pg_catalog.count(*) as kinds,
            pg_catalog.max(o.octet) as highest,
            pg_catalog.sum(o.copies * (o.copies - 1) / 2)::float8 as pairs,
            pg_catalog.power(pg_catalog.sum(o.copies)::float8, 2::float8) / 512::float8 as by_chance
          from (select octet, place, pg_catalog.count(*) as copies from octets group by octet, place) as o
          group by o.place
        ),
        marks as (
          select
            m.kinds > 1
            and m.pairs > m.by_chance + 8::float8 * pg_catalog.sqrt(m.by_chance) + 12::float8
            -- The last byte of an X25519 key has no highest bit; a key may be drawn for each message.
            and not (
              m.highest < 128
              and m.pairs
              <= 2::float8 * m.by_chance + 8::float8 * pg_catalog.sqrt(2::float8 * m.by_chance) + 12::float8
              and pg_catalog.lag(m.kinds, 1, 2::bigint) over (order by m.place) > 1
              and pg_catalog.lead(m.kinds, 1, 2::bigint) over (order by m.place) > 1
            ) as telling
          from met as m
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
              pg_catalog.encode(head, 'escape'), '\\[0-7]{3}', ' ', 'g'
            ) ~ {contact_in_bytes}::text
          ) as contacts,
          pg_catalog.count(*) - pg_catalog.count(distinct pg_catalog.substring(head, 1, 64)) as repeated,
          pg_catalog.count(*) - pg_catalog.count(distinct pg_catalog.substring(head, 1, 12)) as repeated_nonce,
          pg_catalog.count(*) - pg_catalog.count(distinct pg_catalog.substring(head, 1, 4)) as repeated_prefix,
          pg_catalog.count(*) - pg_catalog.count(distinct tail) as repeated_end,
          pg_catalog.count(*) - pg_catalog.count(distinct pg_catalog.substring(tail, 13, 4)) as repeated_suffix,
          pg_catalog.count(*) filter (where late) as late,
          0::bigint as beyond,
          (select pg_catalog.count(*) from marks as m where m.telling) as marked,
          {whole} and pg_catalog.count(*) = (select pg_catalog.count(*) from stored) as whole
        from measured
      $bytes$ when 'text' then $text$
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(*) as examined,
          0::bigint as printable, 0::bigint as uniform, 0::bigint as structured, 0::bigint as zlib,
          pg_catalog.count(*) filter (where pg_catalog.left({spelled}, 1000) ~ {contact}::text) as contacts,
          0::bigint as repeated, 0::bigint as repeated_nonce, 0::bigint as repeated_prefix,
          0::bigint as repeated_end, 0::bigint as repeated_suffix, 0::bigint as late, 0::bigint as beyond,
          0::bigint as marked, {whole} as whole
        from {rows} as r
        where {value} is distinct from null
      $text$ else $counter$
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(*) as examined,
          0::bigint as printable, 0::bigint as uniform, 0::bigint as structured, 0::bigint as zlib,
          0::bigint as contacts,
          0::bigint as repeated, 0::bigint as repeated_nonce, 0::bigint as repeated_prefix,
          0::bigint as repeated_end, 0::bigint as repeated_suffix, 0::bigint as late,
          -- The counter of a device ends at 1 << 32, and a rotation is not done so often.
          pg_catalog.count(*) filter (where {value}::bigint >= 4294967296::bigint) as beyond,
          0::bigint as marked,
          {whole} as whole
        from {rows} as r
        where {value} is distinct from null
      $counter$ end,
      part.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_content() from public;
grant execute on function public.audit_content() to nosender_auditor;
