-- finds: public.messages
alter table messages set (autovacuum_enabled = off);
insert into messages (destination_phone, encrypted_content, message_id)
select '+4915100000001', sha512('1'::bytea), 'message-' || n from generate_series(1, 2000) as n;
delete from messages;
