set search_path = pg_catalog, pg_temp;

create function public.messages_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when
      num_nulls(
        new.id, new.destination_phone, new.encrypted_content, new.message_id, new."timestamp",
        new.created_at, new.message_type
      ) > 0
    then
      array[
        'not_null_violation', '', '',
        'messages may have no null in id, destination_phone, encrypted_content, message_id, timestamp, '
        'created_at, message_type'
      ]
    when new.id <> old.id then
      array[
        'object_not_in_prerequisite_state', 'id', '',
        'messages.id cannot be changed: its deliveries would be of another message'
      ]
    when new.destination_phone <> old.destination_phone then
      array[
        'object_not_in_prerequisite_state', 'destination_phone', '',
        'messages.destination_phone cannot be changed: its deliveries would be to devices of somebody else'
      ]
    -- The length apart from the digits: counted by the expression they cost three times as much.
    when
      new.destination_phone !~ '^\+[1-9][0-9]+$' or octet_length(new.destination_phone) not between 8 and 16
    then
      array[
        'check_violation', 'destination_phone', 'messages_destination_phone_e164',
        'messages.destination_phone must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      ]
    when octet_length(new.encrypted_content) not between 28 and 1048576 then
      array[
        'check_violation', 'encrypted_content', 'messages_encrypted_content_length',
        'messages.encrypted_content must have 28 bytes (nonce and tag) to 1048576'
      ]
    when not isfinite(new."timestamp") then
      array[
        'check_violation', 'timestamp', 'messages_timestamp_coarse',
        'messages.timestamp must be a moment, not infinity'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'messages_created_at_coarse',
        'messages.created_at must be a moment, not infinity'
      ]
    when not isfinite(new.expires_at) then
      array[
        'check_violation', 'expires_at', 'messages_expires_at_coarse',
        'messages.expires_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if
    new."timestamp" <> date_trunc('hour', new."timestamp")
    or new.created_at <> date_trunc('hour', new.created_at)
    or new.expires_at <> date_trunc('hour', new.expires_at)
  then
    new."timestamp" := date_trunc('hour', new."timestamp");
    new.created_at := date_trunc('hour', new.created_at);
    new.expires_at := date_trunc('hour', new.expires_at + interval '59 minutes 59.999999 seconds');
  end if;
  return new;
end
$$;
revoke all on function public.messages_guard() from public;

create trigger messages_guard
before insert or update on public.messages
for each row execute function public.messages_guard();
