delete from messages;
delete from device_session_keys;
delete from ephemeral_keys;
