set search_path = pg_catalog, pg_temp;

-- Values of ours where they do not belong. Per column of our own tables: how many of its values hold what is
-- stored about somebody else than the row is for, and how often ciphertexts for different destinations are
-- alike at one place. Per column of other schemas, of any type that could hold one: how many of its values
-- are a phone number, an identifier, a credential or a key of ours, in either case, in any digits, as hex or
-- base64. Our side of that is looked up through indexes, because a sample of ours would meet a sample of
-- theirs by chance only; so of up to 300 values only 100 that look like a number, and 100 like an identifier,
-- are compared. Numbers without their country's code are compared with up to 2,000 of ours, and one of nine
-- digits may be one of ours by chance: two in a column are not.
--
-- It runs with its owner's rights, so nothing that it reads may run code: no view is read, no function or
-- cast of anybody is called, and a table whose indexes or statistics make the planner call one is refused.
-- What is refused is said, with the reason, and so is what comes after the first 5,000 columns.
create function public.audit_matching_values()
returns table (
  schema_name text, table_name text, column_name text, examined bigint, compared bigint, matching bigint,
  repeated bigint, readable boolean, looked boolean, whole boolean, reason text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
-- The planner would work out the constants of a table's CHECKs, and with them call its functions.
set constraint_exclusion = off
-- Of so many pieces a nested loop would compare each with each.
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
  part record;
  known text;
  lookups text;
begin
  return query execute public.audit_own_values();
  known := public.audit_known_values();
  select pg_catalog.string_agg(public.audit_text(l.template, c.parts || pg_catalog.jsonb_build_object(
    'home', public.retention_place(c.table_name)::regclass,
    'column', pg_catalog.format('o.%I', c.column_name),
    'words', case when c.class = 'random-id' then 'identifiers' else 'numbers' end
  )), '')
  into lookups
  from public.audit_columns() as c
  cross join lateral (
    select case
      when c.class = 'device-id' then
        $credential$(select true from only {home} as o where {column} in (c.from_hex, c.from_base64) limit 1),
        $credential$
      else
        -- one by one: of several at once the planner expects so many that it would read the table
        $text$(
          select true
          from pg_catalog.unnest(c.{words}) as w (word)
          where (select true from only {home} as o where {column}::text = w.word limit 1)
          limit 1
        ),
        $text$
    end as template
  ) as l
  where
    c.class in ('account-phone', 'destination-phone', 'random-id') and c.type in ('text', 'character varying')
    or c.class = 'device-id' and c.type = 'bytea';
  for part in
    with listed as materialized (select * from public.audit_other_columns()),
    tables as (
      select
        l.batch,
        l.refused is null and l.looked as read,
        pg_catalog.jsonb_build_object(
          'table', pg_catalog.format('%I.%I', l.schema_name, l.table_name),
          -- A table with up to 60 pages is read whole, of larger ones a third of that.
          'sample', case when l.pages <= 60 then '' else pg_catalog.format(
            'tablesample system (%s) repeatable (1)', pg_catalog.round(2000.0 / l.pages::numeric, 6)
          ) end,
          'columns', pg_catalog.string_agg(
            pg_catalog.format('r.%I as c%s', l.column_name, l.in_table), ', ' order by l.in_table
          ),
          'values', pg_catalog.string_agg(public.audit_text(
            case when l.type = 'bytea'
              then $bytes$
                ({label}, {value} is distinct from null, case when {short} then
                  -- text in UTF-16 has a zero beside each letter
                  pg_catalog.replace(
                    pg_catalog.encode(pg_catalog.substring({value}::bytea, 1, 1000), 'escape'), '\000', ''
                  ) end),
                ({label}, {value} is distinct from null, case when {short} then
                  pg_catalog.encode(pg_catalog.substring({value}::bytea, 1, 2001), 'hex') end)$bytes$
              else $other$
                ({label}, {value} is distinct from null, case when {short} then
                  pg_catalog.left(pg_catalog.concat({value}), 4001) end)$other$
            end,
            pg_catalog.jsonb_build_object(
              'label', l.number,
              'value', 's.c' || l.in_table,
              'short', public.audit_text(
                $short$(
                  pg_catalog.pg_column_size({value}) <= 2000
                  or pg_catalog.pg_column_size({value}) <= 16000 and s.place <= 8
                )$short$,
                pg_catalog.jsonb_build_object('value', 's.c' || l.in_table)
              )
            )
          ), ', ' order by l.in_table)
        ) as parts,
        pg_catalog.string_agg(pg_catalog.format(
          '(%s, %L::text, %L::text, %L::text, %s, %s, %s, %L::text)',
          l.number, l.schema_name, l.table_name, l.column_name, (l.pages > 60)::text, (l.refused is null)::text,
          l.looked::text, l.refused
        ), ', ' order by l.in_table) as columns
      from listed as l
      group by l.batch, l.refused, l.looked, l.schema_name, l.table_name, l.pages
    )
    select
      t.read,
      pg_catalog.string_agg(case when t.read then public.audit_text(
        $words$(
          select v.label, v.word, s.place, s.total
          from (
            select
              {columns},
              pg_catalog.count(*) over () as total,
              pg_catalog.row_number() over (order by pg_catalog.hashtextextended(r.ctid::text, 1)) as place
            from only {table} as r {sample}
          ) as s
          cross join lateral (values {values}) as v (label, present, word)
          where s.place <= 300 and v.present
        )$words$,
        t.parts
      ) end, ' union all ') as words,
      pg_catalog.string_agg(t.columns, ', ') as columns
    from tables as t
    group by t.read, t.batch
  loop
    return query execute public.audit_text(
      case when part.read then $others$
        with known as materialized (select distinct k.whole from ({known}) as k),
        -- shorter than the least of anything else that is known
        domestic as materialized (
          select distinct pg_catalog.substring(k.whole, i) as digits
          from known as k
          cross join pg_catalog.generate_series(2, 4) as i
          where pg_catalog.octet_length(k.whole) < 16 and pg_catalog.octet_length(k.whole) - i >= 8
        ),
        written as ({words}),
        words as materialized (
          select
            w.label, w.place, w.total,
            -- Digits are written in more than one way: wide ones, Arabic, Persian, Devanagari and Bengali ones.
            case
              when pg_catalog.octet_length(w.word) > pg_catalog.length(w.word)
                and pg_catalog.getdatabaseencoding() = 'UTF8'
                then pg_catalog.translate(
                  pg_catalog.normalize(w.word, 'NFKC'),
                  (
                    select pg_catalog.string_agg(pg_catalog.chr(first.digit + i), '' order by first.digit, i)
                    from (values (1632), (1776), (2406), (2534)) as first (digit)
                    cross join pg_catalog.generate_series(0, 9) as i
                  ),
                  pg_catalog.repeat('0123456789', 4)
                )
              else w.word
            end as word
          from written as w
        ),
        listed as (select c.* from (values {columns}) as c (
          label, schema_name, table_name, column_name, sampled, readable, looked, reason
        )),
        suspected as (
          select w.label, 'number' as kind, pg_catalog.ltrim(
            pg_catalog.regexp_replace(found.run[1], '[^0-9]', '', 'g'), '0'
          ) as word
          from words as w
          cross join lateral pg_catalog.regexp_matches(
            w.word, '([0-9][-0-9 ()./]{5,30}[0-9])', 'g'
          ) as found (run)
          union
          -- a number in hexadecimal digits
          select w.label, 'number', ('x' || pg_catalog.lpad(
            pg_catalog.regexp_replace(w.word, '^ *(0[xX]|\\x)?([0-9A-Fa-f]+) *$', '\2'), 16, '0'
          ))::pg_catalog.bit(64)::bigint::text
          from words as w
          where w.word ~ '^ *(0[xX]|\\x)?[0-9A-Fa-f]{9,16} *$' and w.word ~ '[A-Fa-f]'
          union
          select w.label, 'identifier', found.run[1]
          from words as w
          cross join lateral pg_catalog.regexp_matches(
            w.word, '([0-9A-Za-z_+/=-]{16,})', 'g'
          ) as found (run)
          union
          select w.label, 'identifier', pg_catalog.btrim(w.word)
          from words as w
          where pg_catalog.btrim(w.word) ~ '^[[:graph:]]{16,100}$'
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
            -- a number may be written as bytes, which are then written as hex or base64
            case when r.kind = 'number' then array['+' || r.word, '+' || pg_catalog.reverse(r.word)] else array[
              '+' || pg_catalog.ltrim(pg_catalog.encode(d.from_hex, 'escape'), '+'),
              '+' || pg_catalog.ltrim(pg_catalog.encode(d.from_base64, 'escape'), '+')
            ] end as numbers,
            case when r.kind = 'identifier' then array[
              r.word, pg_catalog.lower(r.word), pg_catalog.upper(r.word), pg_catalog.reverse(r.word),
              pg_catalog.regexp_replace(
                pg_catalog.lower(r.word),
                '^(.{8})-?(.{4})-?(.{4})-?(.{4})-?(.{12})$',
                '\1-\2-\3-\4-\5'
              ),
              pg_catalog.replace(pg_catalog.lower(r.word), '-', ''),
              pg_catalog.encode(d.from_hex, 'escape'), pg_catalog.encode(d.from_base64, 'escape'),
              pg_catalog.encode(d.from_base64, 'hex')
            ] end as identifiers,
            case when r.kind = 'number' then pg_catalog.convert_to(r.word, 'UTF8') end as digits,
            d.from_hex,
            d.from_base64
          from ranked as r
          cross join lateral (
            select
              case when r.kind = 'identifier' and pg_catalog.translate(r.word, ':-', '') ~ '^x?([0-9A-Fa-f]{2}){8,}$'
                then pg_catalog.decode(pg_catalog.ltrim(pg_catalog.translate(r.word, ':-', ''), 'x'), 'hex')
              end as from_hex,
              case when r.kind = 'identifier' and r.word ~ '^[0-9A-Za-z_+/-]{14,}={0,2}$'
                and pg_catalog.length(pg_catalog.rtrim(r.word, '=')) % 4 <> 1
                then pg_catalog.decode(pg_catalog.rpad(
                  pg_catalog.translate(pg_catalog.rtrim(r.word, '='), '-_', '+/'),
                  (pg_catalog.length(pg_catalog.rtrim(r.word, '=')) + 3) / 4 * 4,
                  '='
                ), 'base64')
              end as from_base64
          ) as d
          where r.place <= 100
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
            ) as matching,
            pg_catalog.count(*) filter (where c.digits in (select n.digits from domestic as n)) as domestic
          from compared as c
          group by c.label
        ),
        read as (
          select
            w.label,
            pg_catalog.count(distinct w.place) filter (where w.word is not null) as examined,
            pg_catalog.bool_and(w.word is not null and pg_catalog.length(w.word) <= 4000)
            and pg_catalog.max(w.total) <= 300 as whole
          from words as w
          group by w.label
        )
        select
          l.schema_name,
          l.table_name,
          l.column_name,
          coalesce(r.examined, 0) as examined,
          coalesce(c.compared, 0) as compared,
          coalesce(c.matching + case when c.domestic > 1 then c.domestic else 0 end, 0) as matching,
          0::bigint as repeated,
          true as readable,
          true as looked,
          not l.sampled and coalesce(r.whole, true) and coalesce(c.numbers, 0) < 100
          and coalesce(c.compared - c.numbers, 0) < 100 as whole,
          null::text as reason
        from listed as l
        left join read as r on r.label = l.label
        left join counted as c on c.label = l.label
      $others$ else $unread$
        select
          c.schema_name, c.table_name, c.column_name,
          0::bigint as examined, 0::bigint as compared, 0::bigint as matching, 0::bigint as repeated,
          c.readable, c.looked, false as whole, c.reason
        from (values {columns}) as c (
          label, schema_name, table_name, column_name, sampled, readable, looked, reason
        )
      $unread$ end,
      pg_catalog.jsonb_build_object(
        'known', known, 'words', part.words, 'columns', part.columns, 'lookup', lookups || 'false'
      )
    );
  end loop;
end
$$;
revoke all on function public.audit_matching_values() from public;
grant execute on function public.audit_matching_values() to nosender_auditor;
