-- finds: public.message_deliveries.message_id
-- finds: public.device_session_keys.user_id
-- One is gone, one has lost its cascade.
alter table message_deliveries drop constraint message_deliveries_message_id_fkey;
alter table device_session_keys drop constraint device_session_keys_user_id_fkey;
alter table device_session_keys
add constraint device_session_keys_user_id_fkey foreign key (user_id) references users (id);
