set search_path = pg_catalog, pg_temp;

-- The ledger's chain in numbers: rows, and how many are missing, do not follow the one before or are not what
-- their hash was taken of. All of it, from its beginning.
create function public.audit_ledger_chain()
returns table (entries bigint, missing bigint, unlinked bigint, altered bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  with chain as (
    select
      e.id,
      e.previous_hash,
      e.row_hash,
      pg_catalog.lag(e.id) over (order by e.id) as before_id,
      pg_catalog.lag(e.row_hash) over (order by e.id) as before_hash,
      pg_catalog.sha256(pg_catalog.convert_to(public.retention_row_text(e), 'UTF8')) as made
    from only public.retention_runs as e
  ),
  linked as (
    select
      c.*,
      coalesce(c.before_id, a.anchor_id, 0::bigint) as expected_after,
      coalesce(c.before_hash, a.anchor_hash, pg_catalog.sha256('nosender.retention_runs/1'::bytea)) as expected_hash
    from chain as c
    -- The first row may follow rows that were past their age: a receipt says which, and with what hash.
    left join only public.retention_runs as a on c.before_id is null and a.anchor_id = c.id - 1 and a.id > c.id
  )
  select
    pg_catalog.count(*),
    coalesce(pg_catalog.sum(l.id - l.expected_after - 1), 0::numeric)::bigint,
    pg_catalog.count(*) filter (where l.id = l.expected_after + 1 and l.previous_hash <> l.expected_hash),
    pg_catalog.count(*) filter (where l.row_hash <> l.made)
  from linked as l
$$;

revoke all on function public.audit_ledger_chain() from public;
grant execute on function public.audit_ledger_chain() to nosender_auditor;
