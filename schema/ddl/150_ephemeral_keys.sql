set search_path = pg_catalog, pg_temp;

-- Keys for one exchange each, deleted as they are claimed: a row that stays records a contact.
create table public.ephemeral_keys (
  id serial primary key,
  destination_phone varchar(20) not null,
  ephemeral_public_key bytea not null,
  key_exchange_id text not null,
  created_at timestamp without time zone not null default date_trunc('hour', now() at time zone 'utc'),
  expires_at timestamp without time zone not null,
  used boolean not null default false,
  constraint ephemeral_keys_destination_exchange_key unique (destination_phone, key_exchange_id),
  constraint ephemeral_keys_key_exchange_id_key unique (key_exchange_id),
  constraint ephemeral_keys_destination_phone_e164 check (destination_phone ~ '^\+[1-9][0-9]{6,14}$'),
  constraint ephemeral_keys_ephemeral_public_key_length check (octet_length(ephemeral_public_key) = 32),
  -- The seven points of low order, the unused top bit masked: they make the shared secret known to everybody.
  constraint ephemeral_keys_ephemeral_public_key_order check (
    set_byte(ephemeral_public_key, 31, get_byte(ephemeral_public_key, 31) & 127) not in (
      '\x0000000000000000000000000000000000000000000000000000000000000000',
      '\x0100000000000000000000000000000000000000000000000000000000000000',
      '\xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '\x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      '\xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      '\xedffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      '\xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'
    )
  ),
  constraint ephemeral_keys_created_at_coarse check (created_at = date_trunc('hour', created_at)),
  -- A quarter of an hour: a key that lives for five minutes must not live for an hour.
  constraint ephemeral_keys_expires_at_coarse check (
    expires_at = date_bin('15 minutes', expires_at, timestamp '2000-01-01')
  )
);

create index idx_ephemeral_destination on public.ephemeral_keys (destination_phone, expires_at);
create index idx_ephemeral_key_exchange_id on public.ephemeral_keys (key_exchange_id);
create index idx_ephemeral_unused on public.ephemeral_keys (destination_phone, expires_at) where not used;
-- For the sweep: the others lead with a phone number, and it would read the whole table. A used key is due
-- whatever its expiry, so it stands at the front; see retention_due.
create index idx_ephemeral_expires
on public.ephemeral_keys (
  (case when used then '-infinity'::timestamp without time zone else expires_at end), id
);

alter table public.ephemeral_keys
alter column destination_phone set statistics 0,
alter column ephemeral_public_key set statistics 0,
alter column key_exchange_id set statistics 0;

-- ANALYZE would keep values of the index's expression as well.
alter index public.idx_ephemeral_expires alter column 1 set statistics 0;
