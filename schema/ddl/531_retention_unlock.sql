set search_path = pg_catalog, pg_temp;

create function public.retention_unlock(tables text[]) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  select pg_advisory_unlock(hashtext('nosender.retention'), place::oid::integer)
  from unnest(tables) as name
  cross join lateral to_regclass(public.retention_place(name)) as place
  where place is not null
$$;

revoke all on function public.retention_unlock from public;
