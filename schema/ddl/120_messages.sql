set search_path = pg_catalog, pg_temp;

-- Ciphertext and where it goes; never where it came from. No foreign key leads to users, on purpose.
create table public.messages (
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

create index idx_messages_destination_phone on public.messages (destination_phone);
create index idx_messages_destination_timestamp on public.messages (destination_phone, "timestamp");
-- Unique: a replay is rejected while the row lives, and one id under two destinations, which would link the
-- members of a group, at any time.
create unique index idx_messages_message_id on public.messages (message_id);
-- Coarse times have many ties: the id makes a sweep's position in them exact.
create index idx_messages_expires_at on public.messages (expires_at, id) where expires_at is not null;

alter table public.messages
alter column destination_phone set statistics 0,
alter column encrypted_content set statistics 0,
alter column message_id set statistics 0;
