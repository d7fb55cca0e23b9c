set search_path = pg_catalog, pg_temp;

create function public.ephemeral_keys_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when
      num_nulls(
        new.id, new.destination_phone, new.ephemeral_public_key, new.key_exchange_id, new.created_at,
        new.expires_at, new.used
      ) > 0
    then
      array[
        'not_null_violation', '', '',
        'ephemeral_keys may have no null in id, destination_phone, ephemeral_public_key, key_exchange_id, '
        'created_at, expires_at, used'
      ]
    when new.destination_phone !~ '^\+[1-9][0-9]{6,14}$' then
      array[
        'check_violation', 'destination_phone', 'ephemeral_keys_destination_phone_e164',
        'ephemeral_keys.destination_phone must be an E.164 number: + and 7 to 15 digits, the first of them '
        'not 0'
      ]
    when octet_length(new.ephemeral_public_key) <> 32 then
      array[
        'check_violation', 'ephemeral_public_key', 'ephemeral_keys_ephemeral_public_key_length',
        'ephemeral_keys.ephemeral_public_key must be an X25519 key of 32 bytes'
      ]
    when
      set_byte(new.ephemeral_public_key, 31, get_byte(new.ephemeral_public_key, 31) & 127) in (
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
        'check_violation', 'ephemeral_public_key', 'ephemeral_keys_ephemeral_public_key_order',
        'ephemeral_keys.ephemeral_public_key is a point of low order, which makes the shared secret known'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'ephemeral_keys_created_at_coarse',
        'ephemeral_keys.created_at must be a moment, not infinity'
      ]
    when not isfinite(new.expires_at) then
      array[
        'check_violation', 'expires_at', 'ephemeral_keys_expires_at_coarse',
        'ephemeral_keys.expires_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if
    new.created_at <> date_trunc('hour', new.created_at)
    or new.expires_at <> date_bin('15 minutes', new.expires_at, timestamp '2000-01-01')
  then
    new.created_at := date_trunc('hour', new.created_at);
    new.expires_at := date_bin(
      '15 minutes', new.expires_at + interval '14 minutes 59.999999 seconds', timestamp '2000-01-01'
    );
  end if;
  return new;
end
$$;
revoke all on function public.ephemeral_keys_guard() from public;

create trigger ephemeral_keys_guard
before insert or update on public.ephemeral_keys
for each row execute function public.ephemeral_keys_guard();
