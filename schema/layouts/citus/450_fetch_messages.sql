set search_path = pg_catalog, pg_temp;

-- The oldest messages that wait for a device. A page is filled by number, that is day by day, and sorted
-- by the hour; what happened within the hour is in the ciphertext. There is no position to continue from:
-- numbers of one day come in no order, and a message that commits late would be passed over. Acknowledge
-- the page, which takes it out of the way, and fetch again. Expired messages are not shown, swept or not.
-- Errors: 22023 an argument, P0002 no such active device.
create or replace function public.fetch_messages(device_id integer, page integer default 100)
returns table (
  id bigint,
  message_id text,
  encrypted_content bytea,
  "timestamp" timestamp with time zone,
  message_type varchar,
  expires_at timestamp with time zone
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off
as $$
#variable_conflict use_column
declare
  destination varchar(20);
begin
  if (page between 1 and 1000) is not true then
    raise exception 'page must be from 1 to 1000' using errcode = 'invalid_parameter_value';
  end if;

  select phone_number into destination from public.webauthn_credentials where id = device_id;
  return query
  select
    oldest.id, oldest.message_id, oldest.encrypted_content, oldest."timestamp" at time zone 'utc',
    oldest.message_type, oldest.expires_at at time zone 'utc'
  from (
    select
      messages.id, messages.message_id, messages.encrypted_content, messages."timestamp",
      messages.message_type, messages.expires_at
    from public.message_deliveries
    join public.messages
      on messages.destination_phone = message_deliveries.destination_phone
      and messages.id = message_deliveries.message_id
    where
      message_deliveries.destination_phone = destination
      and message_deliveries.webauthn_credential_id = device_id
      and message_deliveries.delivery_status = 'pending'
      and (messages.expires_at > now() at time zone 'utc') is not false
    order by message_deliveries.message_id
    limit page
  ) as oldest
  order by oldest."timestamp", oldest.id;
  if not found then
    perform 1 from public.webauthn_credentials where id = device_id and is_active;
    if not found then
      raise exception 'there is no such active device' using errcode = 'no_data_found';
    end if;
  end if;
end
$$;
