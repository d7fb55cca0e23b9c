-- Two devices of the destination, each with its copy.
insert into users (phone_number) values ('+4915100000001');
insert into webauthn_credentials (user_id, credential_id, public_key)
select u.id, sha256(n::text::bytea), sha256(n::text::bytea)
from users as u
cross join generate_series(1, 2) as n;
insert into messages (destination_phone, encrypted_content, message_id)
values ('+4915100000001', sha512('1'::bytea), '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b11');
insert into message_deliveries (message_id, webauthn_credential_id)
select m.id, w.id
from messages as m
cross join webauthn_credentials as w;
