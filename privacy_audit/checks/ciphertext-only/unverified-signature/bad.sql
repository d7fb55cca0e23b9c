-- finds: public.messaging_public_keys.ed25519_signature
-- Sixty-four bytes that nobody signed with.
insert into users (phone_number) values ('+4915100000001');
insert into messaging_public_keys (user_id, x25519_public_key, ed25519_signature, ed25519_public_key, key_version)
select
  u.id,
  '\xc01a87267d8e1eb710822bf1bcd63913ee8568489235a199fdeaac962eb80a77',
  set_byte(sha512('nobody'::bytea), 63, 255),
  '\x59889db911f0008cf6c9fda36ec5dfb5a7b691197740609fe661e08404abda7c',
  1
from users as u;
