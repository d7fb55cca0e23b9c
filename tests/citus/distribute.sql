-- The tables of an empty database, distributed by hand: the destination in each key, and no trigger that
-- reads another table. One transaction, as Citus wants it.
begin;
select set_config('citus.enable_unsafe_triggers', 'on', true);
select set_config('citus.shard_count', '4', true);
alter table public.message_deliveries add column destination_phone varchar(20) not null;
alter table public.message_deliveries alter column destination_phone set statistics 0;
alter table public.message_deliveries drop constraint message_deliveries_message_id_fkey;
alter table public.message_deliveries drop constraint message_deliveries_pkey;
alter table public.message_deliveries drop constraint message_deliveries_message_device_key;
alter table public.message_deliveries add primary key (destination_phone, id);
drop index public.idx_messages_message_id;
alter table public.messages drop constraint messages_pkey;
alter table public.messages add primary key (destination_phone, id);
create unique index idx_messages_message_id on public.messages (destination_phone, message_id);
drop trigger message_deliveries_destination_only on public.message_deliveries;
drop trigger users_utc on public.users;
drop trigger webauthn_credentials_utc on public.webauthn_credentials;
drop trigger messages_utc on public.messages;
drop trigger message_deliveries_utc on public.message_deliveries;
select create_reference_table('public.users');
select create_reference_table('public.webauthn_credentials');
select create_distributed_table('public.messages', 'destination_phone');
select create_distributed_table(
  'public.message_deliveries', 'destination_phone', colocate_with := 'public.messages'
);
alter table public.message_deliveries add foreign key (destination_phone, message_id)
references public.messages (destination_phone, id) on delete cascade;
commit;
