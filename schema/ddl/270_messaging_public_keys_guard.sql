set search_path = pg_catalog, pg_temp;

create function public.messaging_public_keys_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when
      num_nulls(
        new.id, new.user_id, new.x25519_public_key, new.ed25519_signature, new.ed25519_public_key,
        new.key_version, new.created_at, new.is_active
      ) > 0
    then
      array[
        'not_null_violation', '', '',
        'messaging_public_keys may have no null in id, user_id, x25519_public_key, ed25519_signature, '
        'ed25519_public_key, key_version, created_at, is_active'
      ]
    when octet_length(new.x25519_public_key) <> 32 then
      array[
        'check_violation', 'x25519_public_key', 'messaging_public_keys_x25519_public_key_length',
        'messaging_public_keys.x25519_public_key must be an X25519 key of 32 bytes'
      ]
    when
      set_byte(new.x25519_public_key, 31, get_byte(new.x25519_public_key, 31) & 127) in (
        '\x0000000000000000000000000000000000000000000000000000000000000000',
        '\x0100000000000000000000000000000000000000000000000000000000000000',
        '\xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
        '\x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
        '\xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
        '\xedffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
        '\xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'
      )
    then
      array[
        'check_violation', 'x25519_public_key', 'messaging_public_keys_x25519_public_key_order',
        'messaging_public_keys.x25519_public_key is a point of low order, which makes the shared secret '
        'known'
      ]
    when octet_length(new.ed25519_signature) <> 64 then
      array[
        'check_violation', 'ed25519_signature', 'messaging_public_keys_ed25519_signature_length',
        'messaging_public_keys.ed25519_signature must be an Ed25519 signature of 64 bytes'
      ]
    when octet_length(new.ed25519_public_key) <> 32 then
      array[
        'check_violation', 'ed25519_public_key', 'messaging_public_keys_ed25519_public_key_length',
        'messaging_public_keys.ed25519_public_key must be an Ed25519 key of 32 bytes'
      ]
    when new.key_version < 0 then
      array[
        'check_violation', 'key_version', 'messaging_public_keys_key_version_range',
        'messaging_public_keys.key_version must not be negative'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'messaging_public_keys_created_at_coarse',
        'messaging_public_keys.created_at must be a moment, not infinity'
      ]
    when not isfinite(new.revoked_at) then
      array[
        'check_violation', 'revoked_at', 'messaging_public_keys_revoked_at_coarse',
        'messaging_public_keys.revoked_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if
    new.created_at <> date_trunc('hour', new.created_at)
    or new.revoked_at <> date_trunc('hour', new.revoked_at)
  then
    new.created_at := date_trunc('hour', new.created_at);
    new.revoked_at := date_trunc('hour', new.revoked_at);
  end if;
  return new;
end
$$;
revoke all on function public.messaging_public_keys_guard() from public;

create trigger messaging_public_keys_guard
before insert or update on public.messaging_public_keys
for each row execute function public.messaging_public_keys_guard();
