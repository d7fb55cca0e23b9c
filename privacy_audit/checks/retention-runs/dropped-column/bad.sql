-- finds: public.ephemeral_keys."dropped column 8"
-- finds: public.messages."dropped column 10"
alter table messages add column sender varchar(20);
insert into messages (destination_phone, encrypted_content, message_id, sender)
values ('+4915100000001', sha512('1'::bytea), '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b11', 'somebody');
alter table messages drop column sender;
select retention_rewrite('messages');

-- The receipt vouches for the column before, and not for this one, which was dropped after it; nor for another
-- table.
alter table messages add column sender_again varchar(20);
update messages set sender_again = 'somebody';
alter table messages drop column sender_again;
alter table ephemeral_keys add column sender varchar(20);
insert into ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at, sender)
values ('+4915100000001', sha256('1'::bytea), '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b12', now(), 'somebody');
alter table ephemeral_keys drop column sender;
