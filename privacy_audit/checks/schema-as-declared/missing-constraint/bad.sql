-- finds: public.device_session_keys.device_session_keys_one_user_per_session
-- finds: public.messages.messages_created_at_coarse
-- finds: public.messages.messages_encrypted_content_length
-- One is gone, one is weaker, one has not been asked of the rows that are there.
alter table device_session_keys drop constraint device_session_keys_one_user_per_session;
alter table messages drop constraint messages_encrypted_content_length;
alter table messages
add constraint messages_encrypted_content_length check (octet_length(encrypted_content) > 0);
alter table messages drop constraint messages_created_at_coarse;
alter table messages
add constraint messages_created_at_coarse check (
  created_at = date_trunc('hour', created_at)
) not valid;
