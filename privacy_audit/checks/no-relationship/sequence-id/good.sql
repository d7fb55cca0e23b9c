-- The defaults draw them, and a sequence that was drawn from for something else is no id.
select nextval('messages_id_seq');
select nextval('messaging_public_keys_id_seq');
insert into messages (destination_phone, encrypted_content, message_id)
values ('+15550100001', decode(repeat('ab', 40), 'hex'), 'drawn');
