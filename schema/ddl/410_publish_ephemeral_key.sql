set search_path = pg_catalog, pg_temp;

-- Leaves an ephemeral key for a destination to claim. It lives five minutes unless told otherwise, and to
-- the end of the quarter of an hour that it ends in; somebody's own keys, left under his number for
-- whoever writes to him, up to `prekeys` of retention_knobs.  For a number that nobody registered nothing
-- is stored, and nothing is said: the answer is the same.  Must be the first write of its transaction.
-- Errors: 22023 an argument, 23514 a key of a wrong length or a point of low order, 25001 not the first
-- write, 23505 the exchange id is taken.
create function public.publish_ephemeral_key(
  destination text, public_key bytea, exchange text, expires_in interval default interval '5 minutes'
) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  refusal text;
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'publish_ephemeral_key must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  refusal := case
    when (destination ~ '^\+[1-9][0-9]{6,14}$') is not true
      then 'destination must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
    when (octet_length(public_key) = 32) is not true
      then 'public_key must be an X25519 key of 32 bytes'
    when (octet_length(exchange) between 1 and 255) is not true
      then 'exchange must have 1 to 255 bytes'
    when (expires_in between interval '1 second' and (select prekeys from public.retention_knobs())) is not true
      then 'expires_in must be from one second to the greatest age of a key that waits'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;

  -- The lock keeps a number from being forgotten meanwhile, which would leave the key behind. It is one of 256
  -- and not of the person's row, which would keep the transaction's number; but an old snapshot would not see
  -- who was forgotten while this waited.
  perform pg_advisory_xact_lock_shared(
    hashtext('nosender.number'), (hashtextextended(destination, 0) & 255)::integer
  );
  if current_setting('transaction_isolation') = 'read committed' then
    perform 1 from public.users where phone_number = destination;
  else
    perform 1 from public.users where phone_number = destination for key share;
  end if;
  if not found then
    return;
  end if;
  loop
    insert into public.ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)
    values (destination, public_key, exchange, now() at time zone 'utc' + expires_in)
    on conflict do nothing;
    exit when found;
    perform 1 from public.ephemeral_keys where key_exchange_id = exchange;
    if found then
      raise exception 'the exchange id is taken' using errcode = 'unique_violation';
    end if;
    -- The number that was drawn is that of a row which somebody else was writing: another one is drawn.
  end loop;
end
$$;
revoke all on function public.publish_ephemeral_key(text, bytea, text, interval) from public;
grant execute on function public.publish_ephemeral_key(text, bytea, text, interval) to nosender_app;
