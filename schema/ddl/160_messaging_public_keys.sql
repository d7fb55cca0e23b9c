set search_path = pg_catalog, pg_temp;

-- The key that others encrypt to, signed by its owner's identity key.
create table public.messaging_public_keys (
  id serial primary key,
  user_id integer not null,
  x25519_public_key bytea not null,
  ed25519_signature bytea not null,
  ed25519_public_key bytea not null,
  key_version integer not null,
  created_at timestamp without time zone not null default date_trunc('hour', now() at time zone 'utc'),
  revoked_at timestamp without time zone,
  is_active boolean not null default true,
  constraint messaging_public_keys_user_id_fkey
  foreign key (user_id) references public.users (id) on delete cascade,
  constraint messaging_public_keys_user_version_key unique (user_id, key_version),
  constraint messaging_public_keys_x25519_public_key_length check (octet_length(x25519_public_key) = 32),
  -- The seven points of low order, the unused top bit masked: they make the shared secret known to everybody.
  constraint messaging_public_keys_x25519_public_key_order check (
    set_byte(x25519_public_key, 31, get_byte(x25519_public_key, 31) & 127) not in (
      '\x0000000000000000000000000000000000000000000000000000000000000000',
      '\x0100000000000000000000000000000000000000000000000000000000000000',
      '\xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '\x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      '\xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      '\xedffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      '\xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'
    )
  ),
  constraint messaging_public_keys_ed25519_signature_length check (octet_length(ed25519_signature) = 64),
  constraint messaging_public_keys_ed25519_public_key_length check (octet_length(ed25519_public_key) = 32),
  constraint messaging_public_keys_key_version_range check (key_version >= 0),
  constraint messaging_public_keys_created_at_coarse check (created_at = date_trunc('hour', created_at)),
  constraint messaging_public_keys_revoked_at_coarse check (revoked_at = date_trunc('hour', revoked_at))
);

-- Unique: a user with two active keys has one that somebody else may have published.
create unique index idx_messaging_pk_user_active on public.messaging_public_keys (user_id) where is_active;
create index idx_messaging_pk_user_version on public.messaging_public_keys (user_id, key_version);

alter table public.messaging_public_keys
alter column x25519_public_key set statistics 0,
alter column ed25519_signature set statistics 0,
alter column ed25519_public_key set statistics 0;
