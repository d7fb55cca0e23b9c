-- finds: public.message_deliveries
-- The sender's device gets a copy: with the trigger off, nothing refuses it.
insert into users (phone_number) values ('+4915100000001'), ('+4915100000002');
insert into webauthn_credentials (user_id, credential_id, public_key)
select u.id, sha256(u.phone_number::bytea), sha256(u.phone_number::bytea)
from users as u;
insert into messages (destination_phone, encrypted_content, message_id)
values ('+4915100000001', sha512('1'::bytea), '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b11');
alter table message_deliveries disable trigger message_deliveries_destination_only;
insert into message_deliveries (message_id, webauthn_credential_id)
select m.id, w.id
from messages as m
cross join webauthn_credentials as w;
alter table message_deliveries enable trigger message_deliveries_destination_only;
