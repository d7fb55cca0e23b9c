set search_path = pg_catalog, pg_temp;

-- The default of ephemeral_keys.id: 31 random bits, drawn again where a row has them; see
-- 121_new_message_id.sql.
create function public.new_ephemeral_key_id() returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off  -- a plan made while the table was small stays when it is large
as $$
declare
  drawn integer;
begin
  loop
    drawn := (uuid_hash_extended(gen_random_uuid(), 0) & 2147483647)::integer;
    perform 1 from public.ephemeral_keys where id = drawn;
    exit when not found and drawn > 0;
  end loop;
  return drawn;
end
$$;
revoke all on function public.new_ephemeral_key_id() from public;

alter table public.ephemeral_keys alter column id set default public.new_ephemeral_key_id();
