-- finds: public.device_session_keys.encrypted_session_key
-- finds: public.ephemeral_keys.ephemeral_public_key
-- finds: public.messages.encrypted_content
-- JSON, base64, and a key of one byte.
insert into users (phone_number) values ('+4915100000001');
insert into messages (destination_phone, encrypted_content, message_id)
values (
  '+4915100000001', '{"from": "somebody", "text": "meet me at the usual place"}'::bytea,
  '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b11'
);
insert into device_session_keys (user_id, session_key_id, encrypted_session_key)
select
  u.id,
  gen_random_uuid()::text,
  encode(sha512(u.phone_number::bytea), 'base64')::bytea
from users as u;
insert into ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)
values (
  '+4915100000001', decode(repeat('42', 32), 'hex'), '1b0cb5c8-2c31-4d5e-8f0a-3c1f27c0d3aa',
  (now() at time zone 'utc') + interval '5 minutes'
);
