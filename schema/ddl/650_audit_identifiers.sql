set search_path = pg_catalog, pg_temp;

-- Per identifier that a client should have drawn at random: how many say when, in which order, or by whom.
-- timed: a UUID of version 1, 6 or 7, or a ULID of these years. digits: a number, so a counter or a
-- snowflake. phones: holds the destination's number, or any number written with a plus sign. short: under 16
-- characters. names: different ones; prefixes, suffixes: different first and last six characters. ascending:
-- later rows that sort after the row before.
-- Of 300 chosen ones each letter: of those that are alike in length the different letters at each place, the
-- pairs of equal ones, and the different runs of four letters; of those that are split into as many parts the
-- different parts. repeated: of up to 4,000 alike in length, those that share ten letters in a row at one
-- place with another, what is the same in nearly all of them left out: a token of whoever belongs together.
create function public.audit_identifiers()
returns table (
  table_name text, column_name text, examined bigint, timed bigint, digits bigint, phones bigint, short
  bigint, names bigint, prefixes bigint, suffixes bigint, ascending bigint, chosen bigint, alike bigint,
  split bigint, letter_kinds bigint[], letter_pairs bigint[], window_kinds bigint[], part_kinds bigint[],
  repeated bigint, whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  part record;
begin
  for part in
    select
      c.parts || pg_catalog.jsonb_build_object(
        'number', case
          when c.destination is null then '''+''::text'
          else pg_catalog.format('r.%I::text', c.destination)
        end
      ) as parts
    from public.audit_columns() as c
    where c.class = 'random-id'
  loop
    return query execute public.audit_text(
      $letters$
        with named as (
          select
            {spelled} as name,
            pg_catalog.substring({number}, 2) as own_number,
            pg_catalog.lag({spelled}) over (order by {place}) as before
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
          limit 300
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
          select
            i as place,
            pg_catalog.count(distinct pg_catalog.hashtextextended(pg_catalog.substr(a.name, i, 4), 3)) as kinds
          from alike as a
          cross join pg_catalog.generate_series(1, least(61, (select m.size - 3 from common as m))) as i
          group by i
        ),
        -- Where letters vary, in stretches from one such place to the last before the next that does not.
        varied as materialized (
          select pg_catalog.min(p.place) as at, pg_catalog.count(*)::integer as letters
          from (
            select q.place, q.place - pg_catalog.row_number() over (order by q.place) as stretch
            from places as q
            where q.kinds > 4
          ) as p
          group by p.stretch
        ),
        squeezed as materialized (
          select (
            select pg_catalog.string_agg(pg_catalog.substr(s.name, v.at, v.letters), '' order by v.at)
            from varied as v
          ) as run
          from (
            select distinct d.name from named as d
            where pg_catalog.length(d.name) = (select m.size from common as m)
          ) as s
          order by pg_catalog.hashtextextended(s.name, 2)
          limit 4000
        ),
        -- Grouped by their hashes before they are counted, for sorting tens of thousands is slow.
        runs as (
          select pg_catalog.sum(t.copies - 1)::bigint as repeats
          from (
            select i as place, pg_catalog.count(*) as copies
            from squeezed as q
            cross join pg_catalog.generate_series(
              1, (select pg_catalog.sum(v.letters)::integer - 9 from varied as v)
            ) as i
            group by i, pg_catalog.hashtextextended(pg_catalog.substr(q.run, i, 10), 3)
          ) as t
          group by t.place
        ),
        part_kinds as (
          select i as place, pg_catalog.count(distinct s.parts[i]) as kinds
          from split as s
          cross join pg_catalog.generate_series(1, least(16, (select m.parts from common as m))) as i
          group by i
        )
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(*) as examined,
          pg_catalog.count(*) filter (
            where name ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[167][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
            or name ~* '^01[0-9a-hjkmnp-tv-z]{24}$'
          ) as timed,
          pg_catalog.count(*) filter (where name ~ '^[0-9]+$') as digits,
          pg_catalog.count(*) filter (
            where (own_number <> '' and pg_catalog.strpos(name, own_number) > 0) or name ~ '\+[1-9][0-9]{6,14}'
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
          (select coalesce(pg_catalog.max(r.repeats), 0) from runs as r) as repeated,
          {whole} as whole
        from named
      $letters$,
      part.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_identifiers() from public;
grant execute on function public.audit_identifiers() to nosender_auditor;
