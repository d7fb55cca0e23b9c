-- Dropped before there was a row; dropped and written anew; and rows that came later.
alter table users add column sender varchar(20);
alter table users drop column sender;
alter table messages add column sender varchar(20);
insert into messages (destination_phone, encrypted_content, message_id, sender)
values ('+4915100000001', sha512('1'::bytea), '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b11', 'somebody');
alter table messages drop column sender;
select retention_rewrite('messages');
insert into messages (destination_phone, encrypted_content, message_id)
values ('+4915100000001', sha512('2'::bytea), '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b13');
