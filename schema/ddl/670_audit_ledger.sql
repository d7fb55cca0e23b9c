set search_path = pg_catalog, pg_temp;

-- What the ledger of the sweeps says, in counts: its newest thousand rows, and of these how many do not
-- follow from the row before; how many runs came to an end, and how long ago the last one did.
create function public.audit_ledger()
returns table (examined bigint, broken bigint, finished bigint, seconds bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  with newest as (
    select r.*
    from only public.retention_runs as r
    order by r.id desc
    limit 1001
  ),
  chained as (
    select
      n.id,
      n.phase,
      n.status,
      n.clock_after,
      n.previous_hash,
      n.row_hash,
      pg_catalog.sha256(
        pg_catalog.convert_to(public.retention_row_text(n::public.retention_runs), 'UTF8')
      ) as true_hash,
      pg_catalog.lag(n.id) over (order by n.id) as id_before,
      pg_catalog.lag(n.row_hash) over (order by n.id) as hash_before,
      pg_catalog.row_number() over (order by n.id) as place
    from newest as n
  )
  select
    pg_catalog.count(*),
    pg_catalog.count(*) filter (
      where c.row_hash <> c.true_hash
      or (c.place > 1 and (c.id <> c.id_before + 1 or c.previous_hash <> c.hash_before))
    ),
    pg_catalog.count(*) filter (where c.phase::text = 'finished' and c.status::text in ('done', 'partial')),
    coalesce(extract(epoch from (pg_catalog.now() at time zone 'utc') - pg_catalog.max(c.clock_after) filter (
      where c.phase::text = 'finished' and c.status::text in ('done', 'partial')
    ))::bigint, 0::bigint)
  from chained as c
$$;
revoke all on function public.audit_ledger() from public;
grant execute on function public.audit_ledger() to nosender_auditor;
