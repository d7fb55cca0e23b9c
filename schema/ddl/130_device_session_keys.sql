set search_path = pg_catalog, pg_temp;

-- A session key, sealed for one device. Old keys turn inactive and stay, to read old messages.
create table public.device_session_keys (
  id serial primary key,
  user_id integer not null,
  webauthn_credential_id integer,
  session_key_id text not null,
  encrypted_session_key bytea not null,
  key_rotation_counter bigint not null default 0,
  created_at timestamp without time zone not null default date_trunc('hour', now() at time zone 'utc'),
  expires_at timestamp without time zone,
  is_active boolean not null default true,
  constraint device_session_keys_user_id_fkey
  foreign key (user_id) references public.users (id) on delete cascade,
  constraint device_session_keys_webauthn_credential_id_fkey
  foreign key (webauthn_credential_id) references public.webauthn_credentials (id) on delete cascade,
  constraint device_session_keys_user_session_device_key
  unique (user_id, session_key_id, webauthn_credential_id),
  -- One session_key_id held by two users is a contact list, one GROUP BY away. An exclusion holds under every
  -- isolation level, as a trigger does not. The hash is enough: two ids that collide are refused, never let
  -- in.
  constraint device_session_keys_one_user_per_session
  exclude using gist (hashtextextended(session_key_id, 0) with =, user_id with <>),
  -- A nonce of 12 bytes, a key of 32 and a tag of 16: less cannot be a sealed key.
  constraint device_session_keys_encrypted_session_key_length
  check (octet_length(encrypted_session_key) >= 60),
  constraint device_session_keys_key_rotation_counter_range check (key_rotation_counter >= 0),
  constraint device_session_keys_created_at_coarse check (created_at = date_trunc('hour', created_at)),
  constraint device_session_keys_expires_at_coarse check (expires_at = date_trunc('hour', expires_at))
);

-- NULLs are distinct in the constraint above, and NULLS NOT DISTINCT would read unlike the document.
create unique index device_session_keys_without_device_key
on public.device_session_keys (user_id, session_key_id) where webauthn_credential_id is null;

create index idx_device_session_user_device on public.device_session_keys (user_id, webauthn_credential_id);
-- Not partial, at 5 % more WAL, because the cascade from a deleted device needs its inactive rows too.
create index idx_device_session_active on public.device_session_keys (webauthn_credential_id, is_active);
create index idx_device_session_key_id on public.device_session_keys (session_key_id);
create index idx_device_session_expires on public.device_session_keys (expires_at) where is_active;

alter table public.device_session_keys
alter column session_key_id set statistics 0,
alter column encrypted_session_key set statistics 0;

-- ANALYZE keeps values of index expressions as well: here the hash of an identifier.
alter index public.device_session_keys_one_user_per_session alter column 1 set statistics 0;
