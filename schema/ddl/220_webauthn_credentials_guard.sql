set search_path = pg_catalog, pg_temp;

create function public.webauthn_credentials_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when
      num_nulls(
        new.id, new.user_id, new.credential_id, new.public_key, new.sign_count, new.created_at,
        new.is_active
      ) > 0
    then
      array[
        'not_null_violation', '', '',
        'webauthn_credentials may have no null in id, user_id, credential_id, public_key, sign_count, '
        'created_at, is_active'
      ]
    when new.id <> old.id then
      array[
        'object_not_in_prerequisite_state', 'id', '',
        'webauthn_credentials.id cannot be changed: rows elsewhere would change hands'
      ]
    when new.user_id <> old.user_id then
      array[
        'object_not_in_prerequisite_state', 'user_id', '',
        'webauthn_credentials.user_id cannot be changed: its deliveries and keys would change hands'
      ]
    when octet_length(new.credential_id) not between 16 and 1023 then
      array[
        'check_violation', 'credential_id', 'webauthn_credentials_credential_id_length',
        'webauthn_credentials.credential_id must have 16 to 1023 bytes'
      ]
    when new.sign_count not between 0 and 4294967295 then
      array[
        'check_violation', 'sign_count', 'webauthn_credentials_sign_count_range',
        'webauthn_credentials.sign_count must be from 0 to 4294967295'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'webauthn_credentials_created_at_coarse',
        'webauthn_credentials.created_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if new.created_at <> date_trunc('hour', new.created_at) then
    new.created_at := date_trunc('hour', new.created_at);
  end if;
  return new;
end
$$;
revoke all on function public.webauthn_credentials_guard() from public;

create trigger webauthn_credentials_guard
before insert or update on public.webauthn_credentials
for each row execute function public.webauthn_credentials_guard();
