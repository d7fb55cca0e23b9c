-- finds: public.messages.id
-- finds: public.messaging_public_keys.id
-- An application that fills the columns by itself, as it did before the defaults drew them.
insert into messages (id, destination_phone, encrypted_content, message_id)
values (nextval('messages_id_seq'), '+15550100001', decode(repeat('ab', 40), 'hex'), 'in-order');
insert into users (phone_number) values ('+15550100001');
insert into messaging_public_keys (
  id, user_id, x25519_public_key, ed25519_signature, ed25519_public_key, key_version
)
select nextval('messaging_public_keys_id_seq'), u.id, sha256('a'), sha512('a'), sha256('b'), 1
from users as u;
