set search_path = pg_catalog, pg_temp;

-- Whether to walk by place in the file: worth it where every block has an expired row and neighbours in the
-- index are not neighbours in the file, for then the index leads to each block again and again. From what
-- ANALYZE left, so at constant cost.
create function public.retention_scattered(name text, expires_column text, cutoff timestamp) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  plan json;
  home regclass := public.retention_place(name)::regclass;
  blocks bigint := pg_relation_size(home) / current_setting('block_size')::bigint;
begin
  if blocks < 256 or not exists (
    select from pg_stats
    inner join pg_class as c on c.oid = home and c.relname = tablename
    inner join pg_namespace as n on n.oid = c.relnamespace and n.nspname = schemaname
    where attname = expires_column and abs(correlation) < 0.9
  ) then
    return false;
  end if;
  execute format('explain (format json) select from %s where %I <= %L', home, expires_column, cutoff)
  into plan;
  return (plan #>> '{0,Plan,Plan Rows}')::numeric >= blocks;
end
$$;

revoke all on function public.retention_scattered from public;
