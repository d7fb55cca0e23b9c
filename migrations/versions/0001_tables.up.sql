-- Create the tables, their guards and the roles.

-- 01_extension.sql
-- btree_gist gives the exclusion on device_session_keys its operators for integers. It belongs to
-- PostgreSQL's contrib modules and is trusted, so the right to create in the database is enough. Its schema
-- does not matter: an index finds the default operator class of a type wherever it stands.
do $$
begin
  if not exists (select from pg_extension where extname = 'btree_gist') then
    create extension btree_gist;
  end if;
exception
  when duplicate_object or unique_violation then  -- somebody else created it in the same moment
    null;
  when feature_not_supported or undefined_file then
    raise exception 'the extension btree_gist is not installed on this server'
      using errcode = 'feature_not_supported',
      hint = 'Install PostgreSQL''s contrib modules (Red Hat: postgresql-contrib).';
  when insufficient_privilege then
    raise exception 'the role % may not create the extension btree_gist in the database %',
      current_user, current_database()
      using errcode = 'insufficient_privilege',
      hint = 'Have an administrator run in this database: create extension btree_gist;';
end
$$;

-- 02_roles.sql
-- Three groups that cannot log in: each may run its own functions and touch no table. Roles belong to the
-- whole cluster: another database may have made them long ago, or be making them in this very moment.
do $$
declare
  role_name text;
begin
  foreach role_name in array array['nosender_app', 'nosender_sweeper', 'nosender_auditor'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      begin
        execute format('create role %I nologin', role_name);
      exception
        when duplicate_object or unique_violation then
          null;
      end;
    end if;
  end loop;
exception
  when insufficient_privilege then
    raise exception 'the role % may not create roles, and % is missing', current_user, role_name
      using errcode = 'insufficient_privilege',
      hint = 'Have an administrator run: create role nosender_app nologin; '
      'create role nosender_sweeper nologin; create role nosender_auditor nologin;';
end
$$;

-- 10_users.sql
-- Who can be reached, by phone number. Times here and everywhere are UTC and coarse.
create table users (
  id serial primary key,
  phone_number varchar(20) not null,
  created_at timestamp without time zone not null default date_trunc('hour', now() at time zone 'utc'),
  constraint users_phone_number_key unique (phone_number),
  constraint users_phone_number_e164 check (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
  constraint users_created_at_coarse check (created_at = date_trunc('hour', created_at))
);

-- ANALYZE copies values into pg_statistic, where they outlive the row: none of a number, identifier or key.
alter table users alter column phone_number set statistics 0;

-- 11_webauthn_credentials.sql
-- The devices of a user. No label, address, model or place: a device is its credential.
create table webauthn_credentials (
  id serial primary key,
  user_id integer not null,
  credential_id bytea not null,
  public_key bytea not null,
  sign_count bigint not null default 0,
  created_at timestamp without time zone not null default date_trunc('hour', now() at time zone 'utc'),
  is_active boolean not null default true,
  constraint webauthn_credentials_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint webauthn_credentials_credential_id_key unique (credential_id),
  -- WebAuthn: at least 16 bytes of entropy, at most 1023 bytes; the counter is an unsigned 32-bit number.
  constraint webauthn_credentials_credential_id_length
  check (octet_length(credential_id) between 16 and 1023),
  constraint webauthn_credentials_sign_count_range check (sign_count between 0 and 4294967295),
  constraint webauthn_credentials_created_at_coarse check (created_at = date_trunc('hour', created_at))
);

-- Without an index that leads with it, each user deleted would scan the whole table.
create index idx_webauthn_credentials_user on webauthn_credentials (user_id);

alter table webauthn_credentials
alter column credential_id set statistics 0,
alter column public_key set statistics 0;

-- 12_messages.sql
-- Ciphertext and where it goes; never where it came from. No foreign key leads to users, on purpose.
create table messages (
  id bigserial primary key,
  destination_phone varchar(20) not null,
  encrypted_content bytea not null,
  message_id text not null,
  "timestamp" timestamp without time zone not null default date_trunc('hour', now() at time zone 'utc'),
  created_at timestamp without time zone not null default date_trunc('hour', now() at time zone 'utc'),
  expires_at timestamp without time zone,
  message_type varchar(20) not null default 'text',
  constraint messages_destination_phone_e164 check (destination_phone ~ '^\+[1-9][0-9]{6,14}$'),
  -- AES-GCM: a nonce of 12 bytes and a tag of 16 come with every message. The cap is 1 MiB.
  constraint messages_encrypted_content_length check (octet_length(encrypted_content) between 28 and 1048576),
  constraint messages_timestamp_coarse check ("timestamp" = date_trunc('hour', "timestamp")),
  constraint messages_created_at_coarse check (created_at = date_trunc('hour', created_at)),
  constraint messages_expires_at_coarse check (expires_at = date_trunc('hour', expires_at))
);

create index idx_messages_destination_phone on messages (destination_phone);
create index idx_messages_destination_timestamp on messages (destination_phone, "timestamp");
-- Unique: a replay is rejected while the row lives, and one id under two destinations, which would link the
-- members of a group, at any time.
create unique index idx_messages_message_id on messages (message_id);
-- Coarse times have many ties: the id makes a sweep's position in them exact.
create index idx_messages_expires_at on messages (expires_at, id) where expires_at is not null;

alter table messages
alter column destination_phone set statistics 0,
alter column encrypted_content set statistics 0,
alter column message_id set statistics 0;

-- 13_device_session_keys.sql
-- A session key, sealed for one device. Old keys turn inactive and stay, to read old messages.
create table device_session_keys (
  id serial primary key,
  user_id integer not null,
  webauthn_credential_id integer,
  session_key_id text not null,
  encrypted_session_key bytea not null,
  key_rotation_counter bigint not null default 0,
  created_at timestamp without time zone not null default date_trunc('hour', now() at time zone 'utc'),
  expires_at timestamp without time zone,
  is_active boolean not null default true,
  constraint device_session_keys_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint device_session_keys_webauthn_credential_id_fkey
  foreign key (webauthn_credential_id) references webauthn_credentials (id) on delete cascade,
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
on device_session_keys (user_id, session_key_id) where webauthn_credential_id is null;

create index idx_device_session_user_device on device_session_keys (user_id, webauthn_credential_id);
-- Not partial, at 5 % more WAL, because the cascade from a deleted device needs its inactive rows too.
create index idx_device_session_active on device_session_keys (webauthn_credential_id, is_active);
create index idx_device_session_key_id on device_session_keys (session_key_id);
create index idx_device_session_expires on device_session_keys (expires_at) where is_active;

alter table device_session_keys
alter column session_key_id set statistics 0,
alter column encrypted_session_key set statistics 0;

-- ANALYZE keeps values of index expressions as well: here the hash of an identifier.
alter index device_session_keys_one_user_per_session alter column 1 set statistics 0;

-- 14_message_deliveries.sql
-- Which devices of the destination have a message. Never a device of anybody else: see
-- 28_deliver_to_destination_only.sql.
create table message_deliveries (
  id bigserial primary key,
  message_id bigint not null,
  webauthn_credential_id integer not null,
  delivered_at timestamp without time zone,
  read_at timestamp without time zone,
  delivery_status varchar(20) not null default 'pending',
  constraint message_deliveries_message_id_fkey
  foreign key (message_id) references messages (id) on delete cascade,
  constraint message_deliveries_webauthn_credential_id_fkey
  foreign key (webauthn_credential_id) references webauthn_credentials (id) on delete cascade,
  constraint message_deliveries_message_device_key unique (message_id, webauthn_credential_id),
  -- An array and not a list: PostgreSQL reads the text of every CHECK anew for each statement that writes.
  constraint message_deliveries_delivery_status_known
  check (delivery_status = any('{pending,delivered,failed}')),
  constraint message_deliveries_delivered_at_coarse check (delivered_at = date_trunc('hour', delivered_at)),
  constraint message_deliveries_read_at_coarse check (read_at = date_trunc('hour', read_at))
-- Room for read_at, which no index mentions: 96 % of those updates stay in their page.
) with (fillfactor = 90);

create index idx_deliveries_message on message_deliveries (message_id);
create index idx_deliveries_device on message_deliveries (webauthn_credential_id);
-- A device's pending messages in order. An index of the status itself costs each fetch the backlog of
-- everybody.
create index idx_deliveries_status
on message_deliveries (webauthn_credential_id, message_id) where delivery_status = 'pending';

-- 15_ephemeral_keys.sql
-- Keys for one exchange each, deleted as they are claimed: a row that stays records a contact.
create table ephemeral_keys (
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

create index idx_ephemeral_destination on ephemeral_keys (destination_phone, expires_at);
create index idx_ephemeral_key_exchange_id on ephemeral_keys (key_exchange_id);
create index idx_ephemeral_unused on ephemeral_keys (destination_phone, expires_at) where not used;
-- For the sweep: the others lead with a phone number, and it would read the whole table. A used key is due
-- whatever its expiry, so it stands at the front; see retention_due.
create index idx_ephemeral_expires
on ephemeral_keys ((case when used then '-infinity'::timestamp without time zone else expires_at end), id);

alter table ephemeral_keys
alter column destination_phone set statistics 0,
alter column ephemeral_public_key set statistics 0,
alter column key_exchange_id set statistics 0;

-- ANALYZE would keep values of the index's expression as well.
alter index idx_ephemeral_expires alter column 1 set statistics 0;

-- 16_messaging_public_keys.sql
-- The key that others encrypt to, signed by its owner's identity key.
create table messaging_public_keys (
  id serial primary key,
  user_id integer not null,
  x25519_public_key bytea not null,
  ed25519_signature bytea not null,
  ed25519_public_key bytea not null,
  key_version integer not null,
  created_at timestamp without time zone not null default date_trunc('hour', now() at time zone 'utc'),
  revoked_at timestamp without time zone,
  is_active boolean not null default true,
  constraint messaging_public_keys_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
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
create unique index idx_messaging_pk_user_active on messaging_public_keys (user_id) where is_active;
create index idx_messaging_pk_user_version on messaging_public_keys (user_id, key_version);

alter table messaging_public_keys
alter column x25519_public_key set statistics 0,
alter column ed25519_signature set statistics 0,
alter column ed25519_public_key set statistics 0;

-- 20_refuse_time_zone.sql
-- The columns hold UTC without saying so: `now() + '5 min'` from a session in Tokyo would live nine hours,
-- from New York it would be born expired. Triggers without a WHEN, which PostgreSQL would read anew for each
-- statement: the call costs less.
create function refuse_time_zone() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if current_setting('TimeZone') = 'UTC' then
    return null;
  end if;
  if current_setting('TimeZone') ~* '^(etc/)?(utc|uct|zulu|universal|gmt)$' then  -- its other names
    return null;
  end if;
  raise exception 'a write to % needs a session whose TimeZone is UTC, and this one has %',
    tg_table_name, current_setting('TimeZone')
    using errcode = 'object_not_in_prerequisite_state',
    table = tg_table_name,
    hint = 'Run: set time zone ''UTC''; or call the functions, which set it themselves.';
end
$$;
revoke all on function refuse_time_zone() from public;

create trigger users_utc
before insert or update on users
for each statement execute function refuse_time_zone();

create trigger webauthn_credentials_utc
before insert or update on webauthn_credentials
for each statement execute function refuse_time_zone();

create trigger messages_utc
before insert or update on messages
for each statement execute function refuse_time_zone();

create trigger device_session_keys_utc
before insert or update on device_session_keys
for each statement execute function refuse_time_zone();

create trigger message_deliveries_utc
before insert or update on message_deliveries
for each statement execute function refuse_time_zone();

create trigger ephemeral_keys_utc
before insert or update on ephemeral_keys
for each statement execute function refuse_time_zone();

create trigger messaging_public_keys_utc
before insert or update on messaging_public_keys
for each statement execute function refuse_time_zone();

-- 21_users_guard.sql
-- Every table has a guard like this one. It refuses what a CHECK would refuse, first and without a value, for
-- a CHECK that fails writes the whole row into the server's log; it holds fast what ties rows together; and
-- it makes times coarse, so that an application that sends exact ones keeps working. The CHECKs then prove it
-- of every row. One expression finds what is wrong: plpgsql prepares each one anew in every transaction, so
-- several would cost more than all that they test.
create function users_guard() returns trigger
language plpgsql
set search_path from current
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when num_nulls(new.id, new.phone_number, new.created_at) > 0 then
      array['not_null_violation', '', '', 'users may have no null in id, phone_number, created_at']
    when new.id <> old.id then
      array[
        'object_not_in_prerequisite_state', 'id', '',
        'users.id cannot be changed: rows elsewhere would change hands'
      ]
    when new.phone_number <> old.phone_number then
      array[
        'object_not_in_prerequisite_state', 'phone_number', '',
        'users.phone_number cannot be changed: rows elsewhere would change hands; forget the number and '
        'register the new one'
      ]
    when new.phone_number !~ '^\+[1-9][0-9]{6,14}$' then
      array[
        'check_violation', 'phone_number', 'users_phone_number_e164',
        'users.phone_number must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'users_created_at_coarse',
        'users.created_at must be a moment, not infinity'
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
revoke all on function users_guard() from public;

create trigger users_guard
before insert or update on users
for each row execute function users_guard();

-- 22_webauthn_credentials_guard.sql
create function webauthn_credentials_guard() returns trigger
language plpgsql
set search_path from current
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
revoke all on function webauthn_credentials_guard() from public;

create trigger webauthn_credentials_guard
before insert or update on webauthn_credentials
for each row execute function webauthn_credentials_guard();

-- 23_messages_guard.sql
create function messages_guard() returns trigger
language plpgsql
set search_path from current
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when
      num_nulls(
        new.id, new.destination_phone, new.encrypted_content, new.message_id, new."timestamp",
        new.created_at, new.message_type
      ) > 0
    then
      array[
        'not_null_violation', '', '',
        'messages may have no null in id, destination_phone, encrypted_content, message_id, timestamp, '
        'created_at, message_type'
      ]
    when new.id <> old.id then
      array[
        'object_not_in_prerequisite_state', 'id', '',
        'messages.id cannot be changed: its deliveries would be of another message'
      ]
    when new.destination_phone <> old.destination_phone then
      array[
        'object_not_in_prerequisite_state', 'destination_phone', '',
        'messages.destination_phone cannot be changed: its deliveries would be to devices of somebody else'
      ]
    -- The length apart from the digits: counted by the expression they cost three times as much.
    when
      new.destination_phone !~ '^\+[1-9][0-9]+$' or octet_length(new.destination_phone) not between 8 and 16
    then
      array[
        'check_violation', 'destination_phone', 'messages_destination_phone_e164',
        'messages.destination_phone must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      ]
    when octet_length(new.encrypted_content) not between 28 and 1048576 then
      array[
        'check_violation', 'encrypted_content', 'messages_encrypted_content_length',
        'messages.encrypted_content must have 28 bytes (nonce and tag) to 1048576'
      ]
    when not isfinite(new."timestamp") then
      array[
        'check_violation', 'timestamp', 'messages_timestamp_coarse',
        'messages.timestamp must be a moment, not infinity'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'messages_created_at_coarse',
        'messages.created_at must be a moment, not infinity'
      ]
    when not isfinite(new.expires_at) then
      array[
        'check_violation', 'expires_at', 'messages_expires_at_coarse',
        'messages.expires_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if
    new."timestamp" <> date_trunc('hour', new."timestamp")
    or new.created_at <> date_trunc('hour', new.created_at)
    or new.expires_at <> date_trunc('hour', new.expires_at)
  then
    new."timestamp" := date_trunc('hour', new."timestamp");
    new.created_at := date_trunc('hour', new.created_at);
    new.expires_at := date_trunc('hour', new.expires_at + interval '59 minutes 59.999999 seconds');
  end if;
  return new;
end
$$;
revoke all on function messages_guard() from public;

create trigger messages_guard
before insert or update on messages
for each row execute function messages_guard();

-- 24_device_session_keys_guard.sql
create function device_session_keys_guard() returns trigger
language plpgsql
set search_path from current
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
        select from device_session_keys where session_key_id = new.session_key_id and user_id <> new.user_id
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
  if
    new.created_at <> date_trunc('hour', new.created_at)
    or new.expires_at <> date_trunc('hour', new.expires_at)
  then
    new.created_at := date_trunc('hour', new.created_at);
    new.expires_at := date_trunc('hour', new.expires_at + interval '59 minutes 59.999999 seconds');
  end if;
  return new;
end
$$;
revoke all on function device_session_keys_guard() from public;

create trigger device_session_keys_guard
before insert or update on device_session_keys
for each row execute function device_session_keys_guard();

-- 25_message_deliveries_guard.sql
create function message_deliveries_guard() returns trigger
language plpgsql
set search_path from current
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when num_nulls(new.id, new.message_id, new.webauthn_credential_id, new.delivery_status) > 0 then
      array[
        'not_null_violation', '', '',
        'message_deliveries may have no null in id, message_id, webauthn_credential_id, delivery_status'
      ]
    when new.message_id <> old.message_id then
      array[
        'object_not_in_prerequisite_state', 'message_id', '',
        'message_deliveries.message_id cannot be changed: a delivery is of one message'
      ]
    when new.webauthn_credential_id <> old.webauthn_credential_id then
      array[
        'object_not_in_prerequisite_state', 'webauthn_credential_id', '',
        'message_deliveries.webauthn_credential_id cannot be changed: a delivery is to one device'
      ]
    when new.delivery_status not in ('pending', 'delivered', 'failed') then
      array[
        'check_violation', 'delivery_status', 'message_deliveries_delivery_status_known',
        'message_deliveries.delivery_status must be pending, delivered or failed'
      ]
    when not isfinite(new.delivered_at) then
      array[
        'check_violation', 'delivered_at', 'message_deliveries_delivered_at_coarse',
        'message_deliveries.delivered_at must be a moment, not infinity'
      ]
    when not isfinite(new.read_at) then
      array[
        'check_violation', 'read_at', 'message_deliveries_read_at_coarse',
        'message_deliveries.read_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if
    new.delivered_at <> date_trunc('hour', new.delivered_at)
    or new.read_at <> date_trunc('hour', new.read_at)
  then
    new.delivered_at := date_trunc('hour', new.delivered_at);
    new.read_at := date_trunc('hour', new.read_at);
  end if;
  return new;
end
$$;
revoke all on function message_deliveries_guard() from public;

-- A delivery that waits, as nearly every one does when it is stored, has nothing to refuse or to round: of a
-- batch of hundreds of rows none calls the function.
create trigger message_deliveries_guard
before insert on message_deliveries
for each row
when (
  num_nulls(new.id, new.message_id, new.webauthn_credential_id) > 0
  or (new.delivery_status = 'pending' and new.delivered_at is null and new.read_at is null) is not true
)
execute function message_deliveries_guard();

create trigger message_deliveries_guard_update
before update on message_deliveries
for each row execute function message_deliveries_guard();

-- 26_ephemeral_keys_guard.sql
create function ephemeral_keys_guard() returns trigger
language plpgsql
set search_path from current
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
revoke all on function ephemeral_keys_guard() from public;

create trigger ephemeral_keys_guard
before insert or update on ephemeral_keys
for each row execute function ephemeral_keys_guard();

-- 27_messaging_public_keys_guard.sql
create function messaging_public_keys_guard() returns trigger
language plpgsql
set search_path from current
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
revoke all on function messaging_public_keys_guard() from public;

create trigger messaging_public_keys_guard
before insert or update on messaging_public_keys
for each row execute function messaging_public_keys_guard();

-- 28_deliver_to_destination_only.sql
-- A delivery to any device but the destination's own would name its owner beside the destination: the
-- relationship that must not be stored.  Once a statement, over all of its rows: less than half the cost of
-- once a row. After the rows and their foreign keys, so that message and device exist and are locked; neither
-- can change hands later. What this transaction's snapshot does not show is refused, never assumed. An update
-- cannot move a delivery (message_deliveries_guard), so only inserts are looked at.  One plan serves a
-- session, whether its first statement writes one row or a million, into tables that are empty or full:
-- subqueries, and no scan, make it look each row up. SECURITY DEFINER: it must see every row, whoever writes.
create function deliver_to_destination_only() returns trigger
language plpgsql
security definer
set search_path from current
set enable_seqscan to off
as $$
begin
  if exists (
    select
    from new_deliveries
    group by message_id
    having
      not array_agg(webauthn_credential_id) <@ array(
        select id
        from webauthn_credentials
        where
          user_id = (
            select id
            from users
            where phone_number = (select destination_phone from messages where id = new_deliveries.message_id)
          )
      )
  ) then
    raise exception 'a message can be delivered to devices of its destination only'
      using errcode = 'integrity_constraint_violation',
      table = tg_table_name,
      column = 'webauthn_credential_id';
  end if;
  return null;
end
$$;
revoke all on function deliver_to_destination_only() from public;

create trigger message_deliveries_destination_only
after insert on message_deliveries
referencing new table as new_deliveries
for each statement execute function deliver_to_destination_only();

-- 29_session_key_on_own_device.sql
-- A session key of one user on the device of another links the two. As with deliveries: once a statement,
-- after the foreign keys, and an update cannot move a key (device_session_keys_guard). SECURITY DEFINER: it
-- must see every row, whoever writes.
create function session_key_on_own_device() returns trigger
language plpgsql
security definer
set search_path from current
set enable_seqscan to off
as $$
begin
  if exists (
    select
    from new_keys
    where
      webauthn_credential_id is not null
      and (
        user_id = (select user_id from webauthn_credentials where id = new_keys.webauthn_credential_id)
      ) is not true
  ) then
    raise exception 'a session key can be stored for devices of its own user only'
      using errcode = 'integrity_constraint_violation',
      table = tg_table_name,
      column = 'webauthn_credential_id';
  end if;
  return null;
end
$$;
revoke all on function session_key_on_own_device() from public;

create trigger device_session_keys_own_device
after insert on device_session_keys
referencing new table as new_keys
for each statement execute function session_key_on_own_device();

-- 70_migration_journal.sql
-- What `nosender db` applied: one row a revision that was done, with the checksum of its text, so that a
-- later edit shows; and one row a step of a revision that runs in steps, so that a crash between two steps
-- resumes. It says nothing of anybody: names of revisions, hashes and times.
create table migration_journal (
  id bigserial primary key,
  revision varchar(64) not null,
  direction varchar(10) not null,
  -- 0 for the whole revision, else the number of the step within it
  step integer not null default 0,
  algorithm smallint not null,
  checksum varchar(64) not null,
  recorded_at timestamp without time zone not null default (now() at time zone 'utc'),
  -- accept: the revision's text was changed on purpose, and this is the new checksum
  constraint migration_journal_direction_known check (direction in ('up', 'down', 'accept')),
  constraint migration_journal_step_range check (step >= 0),
  constraint migration_journal_algorithm_range check (algorithm >= 1),
  constraint migration_journal_checksum_form check (checksum ~ '^[0-9a-f]{64}$')
);

revoke all on table migration_journal from public;
revoke all on sequence migration_journal_id_seq from public;

-- 90_grants.sql
-- Nothing to PUBLIC, and no table to anybody: whoever uses the database calls functions. Each function's file
-- grants it to its own role. What an administrator's default privileges gave away is taken back for PUBLIC
-- here.
revoke all on table
users,
webauthn_credentials,
messages,
device_session_keys,
message_deliveries,
ephemeral_keys,
messaging_public_keys
from public;

revoke all on sequence
users_id_seq,
webauthn_credentials_id_seq,
messages_id_seq,
device_session_keys_id_seq,
message_deliveries_id_seq,
ephemeral_keys_id_seq,
messaging_public_keys_id_seq
from public;

do $$
begin
  execute format(
    'grant usage on schema %I to nosender_app, nosender_sweeper, nosender_auditor', current_schema()
  );
end
$$;
