create function ephemeral_keys_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if num_nulls(
    new.id, new.destination_phone, new.ephemeral_public_key, new.key_exchange_id, new.created_at,
    new.expires_at, new.used
  ) > 0 then
    raise exception
      'none of these may be null in ephemeral_keys: id, destination_phone, ephemeral_public_key, '
      'key_exchange_id, created_at, expires_at, used'
      using errcode = 'not_null_violation', table = tg_table_name;
  end if;
  if new.destination_phone !~ '^\+[1-9][0-9]{6,14}$' then
    raise exception
      'ephemeral_keys.destination_phone must be an E.164 number: a plus sign and 7 to 15 digits, the '
      'first of them not 0'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'destination_phone',
        constraint = 'ephemeral_keys_destination_phone_e164';
  end if;
  if octet_length(new.ephemeral_public_key) <> 32 then
    raise exception 'ephemeral_keys.ephemeral_public_key must be an X25519 key of 32 bytes'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'ephemeral_public_key',
        constraint = 'ephemeral_keys_ephemeral_public_key_length';
  end if;
  if set_byte(new.ephemeral_public_key, 31, get_byte(new.ephemeral_public_key, 31) & 127) in (
    '\x0000000000000000000000000000000000000000000000000000000000000000',
    '\x0100000000000000000000000000000000000000000000000000000000000000',
    '\xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '\x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    '\xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '\xedffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '\xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'
  ) then
    raise exception
      'ephemeral_keys.ephemeral_public_key is a point of low order, which makes the shared secret known'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'ephemeral_public_key',
        constraint = 'ephemeral_keys_ephemeral_public_key_order';
  end if;
  if not isfinite(new.created_at) then
    raise exception 'ephemeral_keys.created_at must be a moment, not infinity'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'created_at',
        constraint = 'ephemeral_keys_created_at_coarse';
  end if;
  if not isfinite(new.expires_at) then
    raise exception 'ephemeral_keys.expires_at must be a moment, not infinity'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'expires_at',
        constraint = 'ephemeral_keys_expires_at_coarse';
  end if;
  new.created_at := date_trunc('hour', new.created_at);
  new.expires_at := date_bin(
    '15 minutes', new.expires_at + interval '14 minutes 59.999999 seconds', timestamp '2000-01-01'
  );  -- up
  return new;
end
$$;
revoke all on function ephemeral_keys_guard() from public;

create trigger ephemeral_keys_guard
before insert or update on ephemeral_keys
for each row execute function ephemeral_keys_guard();
