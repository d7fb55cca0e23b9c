-- finds: public.device_session_keys.session_key_id
-- finds: public.ephemeral_keys.key_exchange_id
-- finds: public.messages.message_id
-- A UUID of version 7, a counter, and a number.
insert into users (phone_number) values ('+4915100000001');
insert into messages (destination_phone, encrypted_content, message_id)
values ('+4915100000001', sha512('1'::bytea), '019362a1-53c8-7d10-8a4e-2f3b5c6d7e8f');
insert into device_session_keys (user_id, session_key_id, encrypted_session_key)
select
  u.id,
  '00000000000000017',
  sha512(u.phone_number::bytea)
from users as u;
insert into ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)
values (
  '+4915100000001', sha256('1'::bytea), 'exchange-4915100000001-1',
  (now() at time zone 'utc') + interval '5 minutes'
);
