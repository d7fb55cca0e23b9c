set search_path = pg_catalog, pg_temp;

-- The oldest moment of a row that has expired by `cutoff` and is still there; from the index, at constant
-- cost.
create function public.retention_oldest(name text, cutoff timestamp) returns timestamp
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  policy record;
  oldest timestamp;
begin
  select * into strict policy from public.retention_policy() where table_name = name;
  if policy.expires_column is null then
    return null;
  end if;
  -- What goes at once may expire later; that it is there still is what counts.
  execute format(
    'select least(%1$I, $1) from %2$s where %3$s <= (select $1) and %4$s order by %3$s limit 1',
    policy.expires_column, public.retention_place(name)::regclass,
    public.retention_due(policy.expires_column, policy.at_once),
    coalesce(quote_ident(policy.flag), 'true')
  ) into oldest using cutoff;
  return oldest;
end
$$;

revoke all on function public.retention_oldest from public;
