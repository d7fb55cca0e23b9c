-- finds: forgotten
begin;
insert into messages (destination_phone, encrypted_content, message_id)
values ('+4915100000001', sha512('1'::bytea), '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b11');
prepare transaction 'forgotten'; -- noqa: PRS
