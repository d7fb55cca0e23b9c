-- finds: public.device_session_keys.session_key_id
-- finds: public.messages.encrypted_content
-- finds: public.messages.message_type
-- One session under two users, one ciphertext sent to two, and conversations numbered in the type.
insert into users (phone_number)
select '+491510000' || n
from generate_series(1000, 1059) as n;
alter table device_session_keys drop constraint device_session_keys_one_user_per_session;
alter table device_session_keys disable trigger device_session_keys_guard;
insert into device_session_keys (user_id, session_key_id, encrypted_session_key)
select
  u.id,
  'f3b6a1c2-93c5-4a0e-a6f4-1f0a4f8e2b11',
  sha512(u.phone_number::bytea)
from users as u
order by u.id
limit 2;
alter table device_session_keys enable trigger device_session_keys_guard;
insert into messages (destination_phone, encrypted_content, message_id, message_type)
select
  u.phone_number,
  sha512((u.id % 59)::text::bytea),
  gen_random_uuid()::text,
  'talk ' || (u.id / 2)::text
from users as u;
