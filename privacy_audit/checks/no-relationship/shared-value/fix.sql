delete from messages;
delete from device_session_keys;
