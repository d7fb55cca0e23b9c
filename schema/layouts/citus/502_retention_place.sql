set search_path = pg_catalog, pg_temp;

-- The parts of a table that stand on this node: its shards, its copy, or on the coordinator a table of which
-- Citus knows nothing. Those of one name belong together: the rows of one destination are in them.
create function public.retention_parts(table_name text)
returns table (part text, shard bigint, home regclass)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  whole regclass := to_regclass(case
    when strpos(table_name, '.') > 0
      then quote_ident(split_part(table_name, '.', 1)) || '.' || quote_ident(split_part(table_name, '.', 2))
    else 'public.' || quote_ident(table_name)
  end);
begin
  if to_regclass('pg_catalog.pg_dist_partition') is null then
    return query select 'whole'::text, null::bigint, whole where whole is not null;
    return;
  end if;
  return query
  select coalesce(s.shardminvalue, 'whole'), s.shardid, to_regclass(format('%I.%I', n.nspname, c.relname || '_' || s.shardid))
  from pg_dist_shard as s
  inner join pg_dist_placement as p on p.shardid = s.shardid
  inner join pg_dist_local_group as l on l.groupid = p.groupid
  inner join pg_class as c on c.oid = s.logicalrelid
  inner join pg_namespace as n on n.oid = c.relnamespace
  where s.logicalrelid = whole
  union all
  select 'whole', null, whole
  from pg_dist_local_group as l
  where
    l.groupid = 0 and whole is not null
    and not exists (select from pg_dist_partition as d where d.logicalrelid = whole)
  order by 2;
end
$$;

-- The table that a name stands for, as SQL writes it; in a transaction that has taken a part, the part. What
-- the setting says can only choose among the parts of our own tables, whoever set it.
create or replace function public.retention_place(table_name text) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  taken constant text := nullif(current_setting('nosender.part', true), '');
begin
  if taken is not null then
    return (select p.home::text from public.retention_parts(table_name) as p where p.part in ('whole', taken));
  end if;
  return case
    when strpos(table_name, '.') > 0
      then quote_ident(split_part(table_name, '.', 1)) || '.' || quote_ident(split_part(table_name, '.', 2))
    else 'public.' || quote_ident(table_name)
  end;
end
$$;

-- Take a part for this transaction; false where it does not stand here. Who writes to a shard past Citus has
-- to hold what its writers hold, or Citus would move the shard away under the batch; whoever waited for a
-- move finds the part gone.
create function public.retention_take(table_name text, taken text) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  shards bigint[] := array(
    select p.shard from public.retention_parts(table_name) as p where p.part = taken and p.shard is not null
  );
begin
  if cardinality(shards) > 0 and to_regprocedure('pg_catalog.lock_shard_metadata(integer,bigint[])') is not null
  then
    execute 'select lock_shard_metadata(5, $1)' using shards;  -- SHARE
  end if;
  perform set_config('citus.enable_manual_changes_to_shards', 'on', true);
  perform set_config('citus.override_table_visibility', 'off', true);
  perform set_config('nosender.part', taken, true);
  return exists (
    select from public.retention_parts(table_name) as p where p.part = taken and p.home is not null
  );
end
$$;

revoke all on function public.retention_parts(text) from public;
grant execute on function public.retention_parts(text) to nosender_sweeper, nosender_auditor;
revoke all on function public.retention_place(text) from public;
revoke all on function public.retention_take(text, text) from public;
