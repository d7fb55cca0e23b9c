set search_path = pg_catalog, pg_temp;

-- Notes what became of messages on a device: delivered, read (and so delivered) or failed. `messages` are
-- the ids that fetch_messages gave. Only deliveries to the device itself are touched; returns how many
-- changed, so an acknowledgement that comes again, or names what is not the device's, counts nothing.
-- What failed may be delivered later; what was delivered cannot fail. Where retention_knobs says
-- `delete`, delivered and read delete the delivery, and the last one the message.  Must be the first
-- write of its transaction. Errors: 22023 an argument, among them no messages and more than 10000, 25001
-- not the first write, P0002 no such device.
create or replace function public.acknowledge(
  device_id integer, messages bigint[], outcome text
) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
as $$
declare
  refusal text;
  changed integer;
  finished bigint[];
  destination varchar(20);
  -- Citus takes no call whose answer can change within a COALESCE.
  this_hour constant timestamp without time zone := date_trunc('hour', now() at time zone 'utc');
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'acknowledge must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  refusal := case
    when (cardinality(messages) between 1 and 10000) is not true
      then 'an acknowledgement must name 1 to 10000 messages'
    when (array_position(messages, null) is null) is not true
      then 'no message may be null'
    when (outcome in ('delivered', 'read', 'failed')) is not true
      then 'outcome must be delivered, read or failed'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;

  select phone_number into destination from public.webauthn_credentials where id = device_id;
  if outcome <> 'failed' and (select delivered from public.retention_knobs()) = 'delete' then
    -- All deliveries of the messages, in one order: of two last acknowledgements one waits for the other, or,
    -- with a snapshot that is older than the other, fails and is called again.
    perform 1 from public.message_deliveries
    where
      destination_phone = destination
      and message_id in (
        select message_id from public.message_deliveries
        where
          destination_phone = destination
          and webauthn_credential_id = device_id
          and message_id = any(messages)
      )
    order by message_id, webauthn_credential_id
    for update;
    with gone as (
      delete from public.message_deliveries
      where
        destination_phone = destination
        and webauthn_credential_id = device_id
        and message_id = any(messages)
      returning message_id
    )
    select array_agg(message_id) into finished from gone;
    delete from public.messages
    where
      destination_phone = destination
      and id = any(finished)
      and not exists (
        select 1 from public.message_deliveries
        where
          message_deliveries.destination_phone = messages.destination_phone
          and message_deliveries.message_id = messages.id
      );
    changed := coalesce(cardinality(finished), 0);
  elsif outcome = 'read' then
    update public.message_deliveries
    set
      delivery_status = 'delivered',
      delivered_at = coalesce(delivered_at, this_hour),
      read_at = this_hour
    where
      destination_phone = destination
      and webauthn_credential_id = device_id
      and message_id = any(messages)
      and read_at is null;
  elsif outcome = 'delivered' then
    update public.message_deliveries
    set delivery_status = 'delivered', delivered_at = this_hour
    where
      destination_phone = destination
      and webauthn_credential_id = device_id
      and message_id = any(messages)
      and delivery_status in ('pending', 'failed');
  else
    update public.message_deliveries
    set delivery_status = 'failed'
    where
      destination_phone = destination
      and webauthn_credential_id = device_id
      and message_id = any(messages)
      and delivery_status = 'pending';
  end if;
  if changed is null then
    get diagnostics changed = row_count;
  end if;
  if changed = 0 then  -- an IF of its own: a condition with a subquery in it costs a query every time
    perform 1 from public.webauthn_credentials where id = device_id;
    if not found then
      raise exception 'there is no such device' using errcode = 'no_data_found';
    end if;
  end if;
  return changed;
end
$$;
