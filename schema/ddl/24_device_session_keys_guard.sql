create function device_session_keys_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if num_nulls(
    new.id, new.user_id, new.session_key_id, new.encrypted_session_key, new.key_rotation_counter,
    new.created_at, new.is_active
  ) > 0 then
    raise exception
      'none of these may be null in device_session_keys: id, user_id, session_key_id, '
      'encrypted_session_key, key_rotation_counter, created_at, is_active'
      using errcode = 'not_null_violation', table = tg_table_name;
  end if;
  if tg_op = 'UPDATE' then
    if new.user_id is distinct from old.user_id then
      raise exception 'device_session_keys.user_id cannot be changed: store the key again for its owner'
        using errcode = 'object_not_in_prerequisite_state', table = tg_table_name, column = 'user_id';
    end if;
    if new.webauthn_credential_id is distinct from old.webauthn_credential_id then
      raise exception
        'device_session_keys.webauthn_credential_id cannot be changed: store the key again for the '
        'other device'
        using errcode = 'object_not_in_prerequisite_state',
          table = tg_table_name,
          column = 'webauthn_credential_id';
    end if;
  end if;
  if octet_length(new.encrypted_session_key) < 60 then
    raise exception
      'device_session_keys.encrypted_session_key must have at least 60 bytes: nonce, key and tag'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'encrypted_session_key',
        constraint = 'device_session_keys_encrypted_session_key_length';
  end if;
  if new.key_rotation_counter < 0 then
    raise exception 'device_session_keys.key_rotation_counter must not be negative'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'key_rotation_counter',
        constraint = 'device_session_keys_key_rotation_counter_range';
  end if;
  -- The exclusion decides, whatever happens at the same time; but it would name both users in the log.
  if exists (
    select from device_session_keys where session_key_id = new.session_key_id and user_id <> new.user_id
  ) then
    raise exception 'the session key id belongs to another user'
      using errcode = 'exclusion_violation',
        table = tg_table_name,
        column = 'session_key_id',
        constraint = 'device_session_keys_one_user_per_session';
  end if;
  if not isfinite(new.created_at) then
    raise exception 'device_session_keys.created_at must be a moment, not infinity'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'created_at',
        constraint = 'device_session_keys_created_at_coarse';
  end if;
  if not isfinite(new.expires_at) then
    raise exception 'device_session_keys.expires_at must be a moment, not infinity'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'expires_at',
        constraint = 'device_session_keys_expires_at_coarse';
  end if;
  new.created_at := date_trunc('hour', new.created_at);
  new.expires_at := date_trunc('hour', new.expires_at + interval '59 minutes 59.999999 seconds');  -- up
  return new;
end
$$;
revoke all on function device_session_keys_guard() from public;

create trigger device_session_keys_guard
before insert or update on device_session_keys
for each row execute function device_session_keys_guard();
