set search_path = pg_catalog, pg_temp;

-- As in the core, but without a look at rows, which stand on all nodes: the number is one destination's.
create or replace function public.new_delivery_id() returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return
    (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
    | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887);
end
$$;
