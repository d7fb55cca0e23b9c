set search_path = pg_catalog, pg_temp;

-- Takes one ephemeral key that was left for a destination: the named exchange's, or the one that expires
-- first. The key is deleted as it is returned, so it comes exactly once, however many claim at the same time;
-- a claim passes over keys that others are claiming and waits for nobody. No row when there is none. Expired
-- ones never come.  Must be the first write of its transaction. Errors: 22023 not a phone number, 25001 not
-- the first write.
create function public.claim_ephemeral_key(destination text, exchange text default null)
returns table (key_exchange_id text, ephemeral_public_key bytea)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
#variable_conflict use_column
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'claim_ephemeral_key must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  if (destination ~ '^\+[1-9][0-9]{6,14}$') is not true then
    raise exception 'destination must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      using errcode = 'invalid_parameter_value';
  end if;

  if exchange is null then
    return query
    delete from public.ephemeral_keys
    where id = (
      select id
      from public.ephemeral_keys
      where destination_phone = destination and not used and expires_at > now() at time zone 'utc'
      order by expires_at
      limit 1
      for update skip locked
    )
    returning key_exchange_id, ephemeral_public_key;
  else
    return query
    delete from public.ephemeral_keys
    where
      key_exchange_id = exchange
      and destination_phone = destination
      and not used
      and expires_at > now() at time zone 'utc'
    returning key_exchange_id, ephemeral_public_key;
  end if;
end
$$;
revoke all on function public.claim_ephemeral_key(text, text) from public;
grant execute on function public.claim_ephemeral_key(text, text) to nosender_app;
