-- finds: public.messages.message_type
-- finds: public.device_session_keys.key_rotation_counter
-- A type of message long enough for a conversation, and a counter whose domain remembers who counts.
create domain counter as bigint default pg_catalog.length(current_user);
alter table messages alter column message_type type text;
alter table device_session_keys alter column key_rotation_counter type counter;
