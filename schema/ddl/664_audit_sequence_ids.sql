set search_path = pg_catalog, pg_temp;

-- Ids that came from a sequence, which keep the order of insertion: by value form. `drawn`: of messages and
-- deliveries, those whose day is none on which a default could have drawn them; of the others, those that the
-- sequence has given out, with `reach`, how far it has got: where it never gave any, none. The sequences are
-- there for who writes without the functions; no default of ours draws from them.
-- repeated: of the others 1,500, eight and thirteen bits at a time, at how many places the values meet more
-- often than random bits do, as the number of a person would. Looks for eight standard deviations. Tables
-- above 256 pages are sampled. The audit of somebody who may read the tables runs this very text.
create function public.audit_sequence_ids()
returns table (
  table_name text, examined bigint, drawn bigint, reach bigint, repeated bigint, whole boolean
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC'
as $$
  with pages (place, table_name, share, reach) as (
    select
      t.place,
      t.table_name,
      least(100, 25600.0 * pg_catalog.current_setting('block_size')::numeric / greatest(
        pg_catalog.pg_relation_size(t.home), 1
      )),
      coalesce(pg_catalog.pg_sequence_last_value(
        pg_catalog.pg_get_serial_sequence(t.home::text, 'id')::regclass
      ), 0)
    from (
      values
      (1, 'messages', 'public.messages'::regclass),
      (2, 'message_deliveries', 'public.message_deliveries'::regclass),
      (3, 'device_session_keys', 'public.device_session_keys'::regclass),
      (4, 'ephemeral_keys', 'public.ephemeral_keys'::regclass),
      (5, 'messaging_public_keys', 'public.messaging_public_keys'::regclass)
    ) as t (place, table_name, home)
  ),
  days (first, last) as (
    -- 2026, in which the first default drew a number, and tomorrow.
    select date '2026-01-01' - date '2020-01-01', (pg_catalog.now() at time zone 'utc')::date - date '2020-01-01' + 1
  ),
  held (place, id, drawn) as materialized (
    select 1, r.id::bigint, r.id >> 39 not between d.first and d.last
    from only public.messages as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 1)) repeatable (1)
    cross join days as d
    union all
    select 2, r.id::bigint, r.id >> 39 not between d.first and d.last
    from only public.message_deliveries as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 2)) repeatable (1)
    cross join days as d
    union all
    select 3, r.id::bigint, r.id <= p.reach
    from only public.device_session_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 3)) repeatable (1)
    cross join (select p.reach from pages as p where p.place = 3) as p
    union all
    select 4, r.id::bigint, r.id <= p.reach
    from only public.ephemeral_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 4)) repeatable (1)
    cross join (select p.reach from pages as p where p.place = 4) as p
    union all
    select 5, r.id::bigint, r.id <= p.reach
    from only public.messaging_public_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 5)) repeatable (1)
    cross join (select p.reach from pages as p where p.place = 5) as p
  ),
  counted (place, examined, drawn) as (
    select h.place, pg_catalog.count(*), pg_catalog.count(*) filter (where h.drawn)
    from held as h
    group by h.place
  ),
  chosen (place, id) as (
    select o.place, o.id
    from (
      select
        h.place,
        h.id,
        pg_catalog.row_number() over (partition by h.place order by pg_catalog.hashint8extended(h.id, 1)) as nth
      from held as h
      where not h.drawn
    ) as o
    where o.nth <= 1500
  ),
  met (place, repeated) as (
    select m.place, pg_catalog.count(*)
    from (
      select
        v.place,
        pg_catalog.sum(v.copies * (v.copies - 1) / 2)::float8 as pairs,
        pg_catalog.power(pg_catalog.sum(v.copies)::float8, 2::float8) / (2 << v.width)::float8 as by_chance
      from (
        select c.place, w.width, i as shift, pg_catalog.count(*) as copies
        from chosen as c
        cross join (values (8, 4), (13, 6)) as w (width, step)
        -- 39 random bits below a day, or 31
        cross join lateral pg_catalog.generate_series(
          0, case when c.place <= 2 then 39 else 31 end - w.width, w.step
        ) as i
        group by c.place, w.width, i, (c.id >> i) & ((1 << w.width) - 1)::bigint
      ) as v
      group by v.place, v.width, v.shift
    ) as m
    where m.pairs > m.by_chance + 8::float8 * pg_catalog.sqrt(m.by_chance) + 12::float8
    group by m.place
  )
  select
    p.table_name,
    coalesce(c.examined, 0) as examined,
    coalesce(c.drawn, 0) as drawn,
    p.reach,
    coalesce(m.repeated, 0) as repeated,
    p.share >= 100 as whole
  from pages as p
  left join counted as c on p.place = c.place
  left join met as m on p.place = m.place
$$;

revoke all on function public.audit_sequence_ids() from public;
grant execute on function public.audit_sequence_ids() to nosender_auditor;
