-- On Citus, after the keys and functions: one transaction, in which nobody writes to these tables. The key
-- from deliveries to messages comes back once both are distributed: none may lead to a table that is from one
-- that is not.
select pg_catalog.set_config('citus.enable_unsafe_triggers', 'on', true);
alter table public.message_deliveries drop constraint message_deliveries_message_id_fkey;
select pg_catalog.create_reference_table('public.users');
select pg_catalog.create_reference_table('public.webauthn_credentials');
select pg_catalog.create_distributed_table('public.messages', 'destination_phone');
select pg_catalog.create_distributed_table(
  'public.message_deliveries', 'destination_phone', colocate_with := 'public.messages'
);
alter table public.message_deliveries add constraint message_deliveries_message_id_fkey
foreign key (destination_phone, message_id) references public.messages (destination_phone, id)
on delete cascade;
