-- finds: public.messages.message_id
-- finds: public.messages.message_type
insert into messages (destination_phone, encrypted_content, message_id, message_type)
values
('+4915100000001', sha512('1'::bytea), 'office@example.org/5d0c51a55b0e', '+4915100000002'),
('+4915100000001', sha512('2'::bytea), '0a2f8f0e-7f5c-4a43-9a52-77c2b8c3d0b2', '192.0.2.7');
