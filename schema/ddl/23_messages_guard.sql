create function messages_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if num_nulls(
    new.id, new.destination_phone, new.encrypted_content, new.message_id, new."timestamp", new.created_at,
    new.message_type
  ) > 0 then
    raise exception
      'none of these may be null in messages: id, destination_phone, encrypted_content, message_id, '
      'timestamp, created_at, message_type'
      using errcode = 'not_null_violation', table = tg_table_name;
  end if;
  if tg_op = 'UPDATE' then
    if new.id is distinct from old.id then
      raise exception 'messages.id cannot be changed: its deliveries would change hands with it'
        using errcode = 'object_not_in_prerequisite_state', table = tg_table_name, column = 'id';
    end if;
    if new.destination_phone is distinct from old.destination_phone then
      raise exception
        'messages.destination_phone cannot be changed: its deliveries would be to the devices of '
        'somebody else'
        using errcode = 'object_not_in_prerequisite_state',
          table = tg_table_name,
          column = 'destination_phone';
    end if;
  end if;
  if new.destination_phone !~ '^\+[1-9][0-9]{6,14}$' then
    raise exception
      'messages.destination_phone must be an E.164 number: a plus sign and 7 to 15 digits, the first of '
      'them not 0'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'destination_phone',
        constraint = 'messages_destination_phone_e164';
  end if;
  if octet_length(new.encrypted_content) not between 28 and 1048576 then
    raise exception 'messages.encrypted_content must have 28 bytes (nonce and tag) to 1048576'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'encrypted_content',
        constraint = 'messages_encrypted_content_length';
  end if;
  if not isfinite(new."timestamp") then
    raise exception 'messages.timestamp must be a moment, not infinity'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'timestamp',
        constraint = 'messages_timestamp_coarse';
  end if;
  if not isfinite(new.created_at) then
    raise exception 'messages.created_at must be a moment, not infinity'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'created_at',
        constraint = 'messages_created_at_coarse';
  end if;
  if not isfinite(new.expires_at) then
    raise exception 'messages.expires_at must be a moment, not infinity'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'expires_at',
        constraint = 'messages_expires_at_coarse';
  end if;
  new."timestamp" := date_trunc('hour', new."timestamp");
  new.created_at := date_trunc('hour', new.created_at);
  new.expires_at := date_trunc('hour', new.expires_at + interval '59 minutes 59.999999 seconds');  -- up
  return new;
end
$$;
revoke all on function messages_guard() from public;

create trigger messages_guard
before insert or update on messages
for each row execute function messages_guard();
