set search_path = pg_catalog, pg_temp;

-- Lifetimes that are none of the thirteen of `lifetime`, of messages and of session keys in use. Beginnings
-- are rounded down and expiries up, each to the day, six hours or one, as far as the row has settled: what a
-- value is a multiple of is the most that it can have been moved by. What ended before it began goes with
-- the next sweep, and marks nothing for long. Tables above 256 pages are sampled. The audit of somebody who
-- may read the tables runs this very text.
create function public.audit_lifetimes()
returns table (table_name text, examined bigint, unusual bigint, whole boolean)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC'
as $$
  with pages (place, table_name, share) as (
    select
      t.place,
      t.table_name,
      least(100, 25600.0 * pg_catalog.current_setting('block_size')::numeric / greatest(
        pg_catalog.pg_relation_size(t.home), 1
      ))
    from (
      values
      (1, 'messages', 'public.messages'::regclass),
      (2, 'device_session_keys', 'public.device_session_keys'::regclass)
    ) as t (place, table_name, home)
  ),
  lives (place, beginning, ending) as (
    select 1, r.created_at, r.expires_at
    from only public.messages as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 1)) repeatable (1)
    union all
    select 2, r.created_at, r.expires_at
    from only public.device_session_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 2)) repeatable (1)
    where r.is_active
  ),
  seconds (place, lived, moved) as (
    select
      l.place,
      l.ending - l.beginning,
      (
        select pg_catalog.sum(case when v.value % 86400 = 0 then 86400 when v.value % 21600 = 0 then 21600 else 3600 end)
        from (values (l.beginning), (l.ending)) as v (value)
      )
    from (
      select
        s.place,
        extract(epoch from s.beginning)::bigint as beginning,
        extract(epoch from s.ending)::bigint as ending
      from lives as s
      where pg_catalog.isfinite(s.beginning) and pg_catalog.isfinite(s.ending)
    ) as l
  ),
  counted (place, examined, unusual) as (
    select
      s.place,
      pg_catalog.count(*),
      pg_catalog.count(*) filter (
        where s.lived > 0 and not exists (
          select 1
          from pg_catalog.unnest(array[1, 2, 4, 8, 16, 24, 48, 96, 168, 336, 744, 2208, 8784]) as usual (hours)
          where s.lived >= usual.hours * 3600 and s.lived < usual.hours * 3600 + s.moved
        )
      )
    from seconds as s
    group by s.place
  )
  select
    p.table_name,
    coalesce(c.examined, 0) as examined,
    coalesce(c.unusual, 0) as unusual,
    p.share >= 100 as whole
  from pages as p
  left join counted as c on p.place = c.place
$$;

revoke all on function public.audit_lifetimes() from public;
grant execute on function public.audit_lifetimes() to nosender_auditor;
