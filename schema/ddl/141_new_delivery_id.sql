set search_path = pg_catalog, pg_temp;

-- The default of message_deliveries.id: the day and 39 random bits; see 121_new_message_id.sql.
create function public.new_delivery_id() returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off  -- a plan made while the table was small stays when it is large
as $$
declare
  drawn bigint;
begin
  loop
    drawn :=
      (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
      | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887);
    perform 1 from public.message_deliveries where id = drawn;
    exit when not found;
  end loop;
  return drawn;
end
$$;
revoke all on function public.new_delivery_id() from public;

alter table public.message_deliveries alter column id set default public.new_delivery_id();
