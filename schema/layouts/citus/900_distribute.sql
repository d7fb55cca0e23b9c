-- On Citus, after the keys and functions: one transaction, in which nobody writes to these tables. Two keys
-- of the deliveries come back once both their ends are distributed: none may lead to a table that is from one
-- that is not, and Citus would take the deliveries for a table of its own first, which loses their comments.
select pg_catalog.set_config('citus.enable_unsafe_triggers', 'on', true);
alter table public.message_deliveries
drop constraint message_deliveries_message_id_fkey,
drop constraint message_deliveries_webauthn_credential_id_fkey;
select pg_catalog.create_reference_table('public.users');
select pg_catalog.create_reference_table('public.webauthn_credentials');
select pg_catalog.create_distributed_table('public.messages', 'destination_phone');
select pg_catalog.create_distributed_table(
  'public.message_deliveries', 'destination_phone', colocate_with := 'public.messages'
);
alter table public.message_deliveries add constraint message_deliveries_message_id_fkey
foreign key (destination_phone, message_id) references public.messages (destination_phone, id)
on delete cascade;
alter table public.message_deliveries add constraint message_deliveries_webauthn_credential_id_fkey
foreign key (webauthn_credential_id, destination_phone)
references public.webauthn_credentials (id, phone_number) on delete cascade;
-- What stood here before is in the shards, and would stay in the files: no sweep reaches it.
select pg_catalog.truncate_local_data_after_distributing_table('public.users');
select pg_catalog.truncate_local_data_after_distributing_table('public.messages');
