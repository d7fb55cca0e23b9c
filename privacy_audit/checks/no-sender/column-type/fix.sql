alter table messages alter column message_type type varchar(20);
alter table device_session_keys alter column key_rotation_counter type bigint;
drop domain counter;
