set search_path = pg_catalog, pg_temp;

-- Whether the places of settled rows still follow what was there before: in each settled set of a hundred
-- rows and more, how the place in the file correlates with a number that the settle did not draw. Written in
-- random order, the places are a random permutation, and r * sqrt(n - 1) is a standard normal number
-- whatever the values are; `score` is the greatest of all sets. A delivery is held against the place of its
-- message: each table is shuffled by itself. Tables above 256 pages are sampled. The audit of somebody who
-- may read the tables runs this very text.
create function public.audit_settled_order()
returns table (table_name text, column_name text, sets bigint, examined bigint, score double precision)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  with settles as materialized (
    select
      e.table_name::text as table_name,
      e.xmin as number
    from only public.retention_runs as e
    where e.phase::text = 'settled' and e.settled >= 100
  ),
  pages (table_name, share) as (
    select
      t.table_name,
      least(100, 25600.0 * pg_catalog.current_setting('block_size')::numeric / greatest(
        pg_catalog.pg_relation_size(t.home), 1
      ))
    from (
      values
      ('messages', 'public.messages'::regclass),
      ('message_deliveries', 'public.message_deliveries'::regclass),
      ('device_session_keys', 'public.device_session_keys'::regclass),
      ('messaging_public_keys', 'public.messaging_public_keys'::regclass)
    ) as t (table_name, home)
  ),
  placed (table_name, column_name, number, place, value) as (
    select 'messages', 'id', r.xmin, r.ctid::text::point, r.id::double precision
    from only public.messages as r
    tablesample pg_catalog.system (
      (select p.share from pages as p where p.table_name = 'messages')
    ) repeatable (1)
    union all
    select
      'message_deliveries', c.name, r.xmin, r.ctid::text::point,
      case
        when c.name = 'webauthn_credential_id' then r.webauthn_credential_id
        else (m.ctid::text::point)[0] * 1000 + (m.ctid::text::point)[1]
      end
    from only public.message_deliveries as r
    tablesample pg_catalog.system (
      (select p.share from pages as p where p.table_name = 'message_deliveries')
    ) repeatable (1)
    inner join only public.messages as m on r.message_id = m.id
    cross join (values ('message_id'), ('webauthn_credential_id')) as c (name)
    union all
    select 'device_session_keys', 'user_id', r.xmin, r.ctid::text::point, r.user_id
    from only public.device_session_keys as r
    tablesample pg_catalog.system (
      (select p.share from pages as p where p.table_name = 'device_session_keys')
    ) repeatable (1)
    union all
    select 'messaging_public_keys', 'user_id', r.xmin, r.ctid::text::point, r.user_id
    from only public.messaging_public_keys as r
    tablesample pg_catalog.system (
      (select p.share from pages as p where p.table_name = 'messaging_public_keys')
    ) repeatable (1)
  ),
  correlated as (
    select
      p.table_name,
      p.column_name,
      pg_catalog.count(*) as rows,
      pg_catalog.corr((p.place)[0] * 1000 + (p.place)[1], p.value) as r
    from placed as p
    inner join settles as s on p.table_name = s.table_name and p.number = s.number
    group by p.table_name, p.column_name, p.number
    having pg_catalog.count(*) >= 100
  )
  select
    c.table_name,
    c.column_name,
    pg_catalog.count(*) as sets,
    pg_catalog.sum(c.rows)::bigint as examined,
    pg_catalog.max(pg_catalog.abs(c.r) * pg_catalog.sqrt(c.rows - 1)) as score
  from correlated as c
  group by c.table_name, c.column_name
$$;

revoke all on function public.audit_settled_order() from public;
grant execute on function public.audit_settled_order() to nosender_auditor;
