-- A key, signed by the identity beside it.
insert into users (phone_number) values ('+4915100000001');
insert into messaging_public_keys (user_id, x25519_public_key, ed25519_signature, ed25519_public_key, key_version)
select
  u.id,
  '\xc01a87267d8e1eb710822bf1bcd63913ee8568489235a199fdeaac962eb80a77',
  decode(
    '73504823fa01df599b50d1366d203b52f20137952c0e6bc98872f2631c55726b'
    || 'bc308d79ad4463fe1f8dca78686b5e7618bdbb6c3507ba213876061416860c0d', 'hex'
  ),
  '\x59889db911f0008cf6c9fda36ec5dfb5a7b691197740609fe661e08404abda7c',
  1
from users as u;
