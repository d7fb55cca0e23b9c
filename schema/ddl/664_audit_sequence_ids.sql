set search_path = pg_catalog, pg_temp;

-- Ids that came from a sequence, which keep the order of insertion: by value form. `drawn`: of messages and
-- deliveries, those whose day is none on which a default could have drawn them; of the others, those that the
-- sequence has given out, with `reach`, how far it has got: where it never gave any, none. The sequences are
-- there for who writes without the functions; no default of ours draws from them. Tables above 256 pages are
-- sampled. The audit of somebody who may read the tables runs this very text.
create function public.audit_sequence_ids()
returns table (table_name text, examined bigint, drawn bigint, reach bigint, whole boolean)
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
  counted (place, examined, drawn) as (
    select 1, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id >> 39 not between d.first and d.last)
    from only public.messages as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 1)) repeatable (1)
    cross join days as d
    union all
    select 2, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id >> 39 not between d.first and d.last)
    from only public.message_deliveries as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 2)) repeatable (1)
    cross join days as d
    union all
    select 3, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id <= p.reach)
    from only public.device_session_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 3)) repeatable (1)
    cross join (select p.reach from pages as p where p.place = 3) as p
    union all
    select 4, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id <= p.reach)
    from only public.ephemeral_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 4)) repeatable (1)
    cross join (select p.reach from pages as p where p.place = 4) as p
    union all
    select 5, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id <= p.reach)
    from only public.messaging_public_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 5)) repeatable (1)
    cross join (select p.reach from pages as p where p.place = 5) as p
  )
  select
    p.table_name,
    c.examined,
    c.drawn,
    p.reach,
    p.share >= 100 as whole
  from counted as c
  inner join pages as p on c.place = p.place
$$;

revoke all on function public.audit_sequence_ids() from public;
grant execute on function public.audit_sequence_ids() to nosender_auditor;
