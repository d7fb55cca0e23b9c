alter table device_session_keys
add constraint device_session_keys_one_user_per_session
exclude using gist (hashtextextended(session_key_id, 0) with =, user_id with <>);
alter table messages drop constraint messages_encrypted_content_length;
alter table messages
add constraint messages_encrypted_content_length
check (octet_length(encrypted_content) between 28 and 1048576);
alter table messages validate constraint messages_created_at_coarse;
