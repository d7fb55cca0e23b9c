set search_path = pg_catalog, pg_temp;

-- Revokes a device: nothing is sent to it any more, what waits for it goes, and its session keys turn
-- inactive. A message that waited for no other device goes as well. Returns false when the device was revoked
-- before.  Must be the first write of its transaction. Errors: 22023 an argument, 25001 not the first write,
-- P0002 no such device.
create or replace function public.revoke_device(device_id integer) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
as $$
declare
  owner_id integer;
  destination varchar(20);
  was_active boolean;
  waiting bigint[];
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'revoke_device must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  if (device_id is not null) is not true then
    raise exception 'device_id must not be null' using errcode = 'invalid_parameter_value';
  end if;

  select user_id, phone_number into owner_id, destination
  from public.webauthn_credentials where id = device_id;
  if not found then
    raise exception 'there is no such device' using errcode = 'no_data_found';
  end if;
  perform pg_advisory_xact_lock(hashtext('nosender.person'), owner_id);
  select is_active into was_active from public.webauthn_credentials where id = device_id;
  if was_active is not true then
    return false;
  end if;
  -- An update of a key: it waits on every node for the messages that are being sent to the device. Whoever
  -- sends one later finds the device gone before he commits.
  update public.webauthn_credentials set is_active = false where id = device_id;
  -- They end with this day, which finds them among those that ended long ago.
  update public.device_session_keys
  set is_active = false, expires_at = least(expires_at, date_trunc('day', now() at time zone 'utc'))
  where webauthn_credential_id = device_id and is_active;
  -- A snapshot that is older than another device's last acknowledgement would leave a message without a
  -- delivery: who locks a row that is gone since fails and calls again.
  if current_setting('transaction_isolation') <> 'read committed' then
    perform 1 from public.message_deliveries
    where
      destination_phone = destination
      and message_id in (
        select message_id from public.message_deliveries
        where
          destination_phone = destination
          and webauthn_credential_id = device_id
          and delivery_status = 'pending'
      )
    order by message_id, webauthn_credential_id
    for update;
  end if;
  with gone as (
    delete from public.message_deliveries
    where
      destination_phone = destination and webauthn_credential_id = device_id and delivery_status = 'pending'
    returning message_id
  )
  select array_agg(message_id) into waiting from gone;
  delete from public.messages
  where
    destination_phone = destination
    and id = any(waiting)
    and not exists (
      select 1 from public.message_deliveries
      where
        message_deliveries.destination_phone = messages.destination_phone
        and message_deliveries.message_id = messages.id
    );
  return true;
end
$$;
