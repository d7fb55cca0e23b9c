set search_path = pg_catalog, pg_temp;

-- Who keeps old rows from being vacuumed away, oldest first: while they do, a sweep deletes but frees
-- nothing. What the owner of these functions may not see of other sessions is missing here, and `complete`
-- says so.
create function public.retention_holders()
returns table (kind text, name text, transactions bigint, seconds bigint, complete boolean)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select
    held.kind, held.name, held.transactions::bigint, held.seconds::bigint,
    pg_has_role(current_user, 'pg_read_all_stats', 'usage') as complete
  from (
    select
      'session' as kind, 'process ' || pid as name, age(backend_xmin) as transactions,
      extract(epoch from clock_timestamp() - xact_start) as seconds
    from pg_stat_activity
    where backend_xmin is not null and pid <> pg_backend_pid() and backend_type = 'client backend'
    union all
    select
      'prepared transaction', 'transaction ' || transaction, age(transaction),
      extract(epoch from clock_timestamp() - prepared)
    from pg_prepared_xacts
    where database = current_database()
    union all
    select
      'replication slot', slot_name, greatest(age(xmin), age(catalog_xmin)), null
    from pg_replication_slots
    where xmin is not null or catalog_xmin is not null
  ) as held
  order by held.transactions desc, held.kind, held.name
$$;

revoke all on function public.retention_holders from public;
grant execute on function public.retention_holders to nosender_sweeper, nosender_auditor;
