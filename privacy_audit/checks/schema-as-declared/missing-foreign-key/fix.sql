alter table message_deliveries
add constraint message_deliveries_message_id_fkey
foreign key (message_id) references messages (id) on delete cascade;
alter table device_session_keys drop constraint device_session_keys_user_id_fkey;
alter table device_session_keys
add constraint device_session_keys_user_id_fkey foreign key (user_id) references users (id) on delete cascade;
