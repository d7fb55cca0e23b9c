-- finds: public.ephemeral_keys.expires_at
-- finds: public.messages.created_at
alter table messages drop constraint messages_created_at_coarse;
alter table messages disable trigger messages_guard;
insert into messages (destination_phone, encrypted_content, message_id, created_at)
values ('+4915100000001', sha512('1'::bytea), '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b11', '2026-11-24 10:11:12');
alter table ephemeral_keys drop constraint ephemeral_keys_expires_at_coarse;
alter table ephemeral_keys disable trigger ephemeral_keys_guard;
insert into ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)
values ('+4915100000001', sha256('1'::bytea), '1b0cb5c8-2c31-4d5e-8f0a-3c1f27c0d3aa', '2126-11-24 10:11:12');
