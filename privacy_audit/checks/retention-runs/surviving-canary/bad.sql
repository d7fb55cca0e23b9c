-- finds: public.messages
insert into messages (destination_phone, encrypted_content, message_id, expires_at)
values ('+999999999999999', sha512('1'::bytea), 'canary-1', (now() at time zone 'utc') - interval '1 day');
