-- finds: public.messages.expires_at
-- finds: public.device_session_keys.expires_at
-- An application that writes by itself, with a lifetime that its user chose.
insert into messages (destination_phone, encrypted_content, message_id, created_at, "timestamp", expires_at)
values (
  '+15550100001', decode(repeat('ab', 40), 'hex'), 'eleven-hours',
  '2026-11-24 09:00:00', '2026-11-24 09:00:00', '2026-11-24 20:00:00'
);
insert into users (phone_number) values ('+15550100001');
insert into device_session_keys (
  user_id, session_key_id, encrypted_session_key, key_rotation_counter, created_at, expires_at
)
select u.id, 'twenty-days', decode(repeat('cd', 60), 'hex'), 1, '2026-11-24 00:00:00', '2026-12-14 05:00:00'
from users as u;
