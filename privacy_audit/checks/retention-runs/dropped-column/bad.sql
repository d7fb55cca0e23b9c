-- finds: public.messages."dropped column 9"
alter table messages add column sender varchar(20);
insert into messages (destination_phone, encrypted_content, message_id, sender)
values ('+4915100000001', sha512('1'::bytea), '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b11', 'somebody');
alter table messages drop column sender;
