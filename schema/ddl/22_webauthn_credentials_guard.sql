create function webauthn_credentials_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if num_nulls(
    new.id, new.user_id, new.credential_id, new.public_key, new.sign_count, new.created_at, new.is_active
  ) > 0 then
    raise exception
      'none of these may be null in webauthn_credentials: id, user_id, credential_id, public_key, '
      'sign_count, created_at, is_active'
      using errcode = 'not_null_violation', table = tg_table_name;
  end if;
  if tg_op = 'UPDATE' then
    if new.id is distinct from old.id then
      raise exception 'webauthn_credentials.id cannot be changed: rows elsewhere would change hands with it'
        using errcode = 'object_not_in_prerequisite_state', table = tg_table_name, column = 'id';
    end if;
    if new.user_id is distinct from old.user_id then
      raise exception
        'webauthn_credentials.user_id cannot be changed: its deliveries and keys would change hands '
        'with it'
        using errcode = 'object_not_in_prerequisite_state', table = tg_table_name, column = 'user_id';
    end if;
  end if;
  if octet_length(new.credential_id) not between 16 and 1023 then
    raise exception 'webauthn_credentials.credential_id must have 16 to 1023 bytes'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'credential_id',
        constraint = 'webauthn_credentials_credential_id_length';
  end if;
  if new.sign_count not between 0 and 4294967295 then
    raise exception 'webauthn_credentials.sign_count must be from 0 to 4294967295'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'sign_count',
        constraint = 'webauthn_credentials_sign_count_range';
  end if;
  if not isfinite(new.created_at) then
    raise exception 'webauthn_credentials.created_at must be a moment, not infinity'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'created_at',
        constraint = 'webauthn_credentials_created_at_coarse';
  end if;
  new.created_at := date_trunc('hour', new.created_at);
  return new;
end
$$;
revoke all on function webauthn_credentials_guard() from public;

create trigger webauthn_credentials_guard
before insert or update on webauthn_credentials
for each row execute function webauthn_credentials_guard();
