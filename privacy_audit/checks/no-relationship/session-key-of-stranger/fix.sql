delete from device_session_keys;
