set search_path = pg_catalog, pg_temp;

-- The devices of a user. No label, address, model or place: a device is its credential.
create table public.webauthn_credentials (
  id serial primary key,
  user_id integer not null,
  credential_id bytea not null,
  public_key bytea not null,
  sign_count bigint not null default 0,
  created_at timestamp without time zone not null default date_trunc('hour', now() at time zone 'utc'),
  is_active boolean not null default true,
  constraint webauthn_credentials_user_id_fkey
  foreign key (user_id) references public.users (id) on delete cascade,
  constraint webauthn_credentials_credential_id_key unique (credential_id),
  -- WebAuthn: at least 16 bytes of entropy, at most 1023 bytes; the counter is an unsigned 32-bit number.
  constraint webauthn_credentials_credential_id_length
  check (octet_length(credential_id) between 16 and 1023),
  constraint webauthn_credentials_sign_count_range check (sign_count between 0 and 4294967295),
  constraint webauthn_credentials_created_at_coarse check (created_at = date_trunc('hour', created_at))
);

-- Without an index that leads with it, each user deleted would scan the whole table.
create index idx_webauthn_credentials_user on public.webauthn_credentials (user_id);

alter table public.webauthn_credentials
alter column credential_id set statistics 0,
alter column public_key set statistics 0;
