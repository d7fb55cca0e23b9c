set search_path = pg_catalog, pg_temp;

-- A sweep that has nothing to do looks like one that does nothing. So a sweep may leave canaries: a message
-- and an ephemeral key that expire with the hour and the quarter of an hour, which a later sweep has to
-- remove like any other. Nobody can have their number: no country has the code 999. One of each at a time, so
-- they stay bounded.
create function public.retention_plant(state jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  nobody constant text := '+999999999999999';
  noise constant bytea := decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
  entry public.retention_runs := public.retention_entry(state);
begin
  entry.phase := 'planted';
  entry.status := 'done';
  entry.deleted := 0;
  entry.deactivated := 0;
  entry.children := 0;
  entry.batches := 0;
  entry.blocked := 0;
  entry.clock_before := clock_timestamp();
  if not exists (select from public.messages where destination_phone = nobody) then
    insert into public.messages (destination_phone, encrypted_content, message_id, message_type, expires_at)
    values (nobody, noise, gen_random_uuid()::text, 'system', now())
    returning expires_at into entry.cutoff;
    entry.table_name := 'messages';
    perform public.retention_append(entry);
  end if;
  if not exists (select from public.ephemeral_keys where destination_phone = nobody) then
    insert into public.ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)
    values (nobody, sha256(noise), gen_random_uuid()::text, now())
    returning expires_at into entry.cutoff;
    entry.table_name := 'ephemeral_keys';
    perform public.retention_append(entry);
  end if;
end
$$;

revoke all on function public.retention_plant from public;
