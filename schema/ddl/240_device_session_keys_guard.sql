set search_path = pg_catalog, pg_temp;

create function public.device_session_keys_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan to off  -- a plan made while the table was small stays when it is large
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when
      num_nulls(
        new.id, new.user_id, new.session_key_id, new.encrypted_session_key, new.key_rotation_counter,
        new.created_at, new.is_active
      ) > 0
    then
      array[
        'not_null_violation', '', '',
        'device_session_keys may have no null in id, user_id, session_key_id, encrypted_session_key, '
        'key_rotation_counter, created_at, is_active'
      ]
    when new.user_id <> old.user_id then
      array[
        'object_not_in_prerequisite_state', 'user_id', '',
        'device_session_keys.user_id cannot be changed: store the key again for its owner'
      ]
    when tg_op = 'UPDATE' and new.webauthn_credential_id is distinct from old.webauthn_credential_id then
      array[
        'object_not_in_prerequisite_state', 'webauthn_credential_id', '',
        'device_session_keys.webauthn_credential_id cannot be changed: store the key again for the other '
        'device'
      ]
    when octet_length(new.encrypted_session_key) < 60 then
      array[
        'check_violation', 'encrypted_session_key', 'device_session_keys_encrypted_session_key_length',
        'device_session_keys.encrypted_session_key must have at least 60 bytes: nonce, key and tag'
      ]
    when new.key_rotation_counter < 0 then
      array[
        'check_violation', 'key_rotation_counter', 'device_session_keys_key_rotation_counter_range',
        'device_session_keys.key_rotation_counter must not be negative'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'device_session_keys_created_at_coarse',
        'device_session_keys.created_at must be a moment, not infinity'
      ]
    when not isfinite(new.expires_at) then
      array[
        'check_violation', 'expires_at', 'device_session_keys_expires_at_coarse',
        'device_session_keys.expires_at must be a moment, not infinity'
      ]
    when
      -- The exclusion decides, whatever happens at the same time; but it would name both users in the log.
      exists (
        select 1 from public.device_session_keys
        where session_key_id = new.session_key_id and user_id <> new.user_id
      )
    then
      array[
        'exclusion_violation', 'session_key_id', 'device_session_keys_one_user_per_session',
        'device_session_keys.session_key_id belongs to another user'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  -- By the day: two people who store a key within the same hour are partners too often.
  if
    new.created_at <> date_trunc('day', new.created_at)
    or new.expires_at <> date_trunc('hour', new.expires_at)
  then
    new.created_at := date_trunc('day', new.created_at);
    new.expires_at := date_trunc('hour', new.expires_at + interval '59 minutes 59.999999 seconds');
  end if;
  return new;
end
$$;
revoke all on function public.device_session_keys_guard() from public;

create trigger device_session_keys_guard
before insert or update on public.device_session_keys
for each row execute function public.device_session_keys_guard();
