-- By the functions, whatever is asked for.
select send_message('+15550100001', decode(repeat('ab', 40), 'hex'), 'eleven-hours', expires_in => '11 hours');
-- Sixteen hours and a day, as they stand after a settle to the day and to six hours.
insert into messages (destination_phone, encrypted_content, message_id, created_at, "timestamp", expires_at)
values
(
  '+15550100001', decode(repeat('ab', 40), 'hex'), 'settled-to-the-day',
  '2026-11-24 00:00:00', '2026-11-24 00:00:00', '2026-11-25 18:00:00'
),
(
  '+15550100001', decode(repeat('ac', 40), 'hex'), 'settled-to-six-hours',
  '2026-11-24 06:00:00', '2026-11-24 06:00:00', '2026-11-25 12:00:00'
);
-- A key that its device lost ends when the device did.
insert into users (phone_number) values ('+15550100001');
insert into device_session_keys (
  user_id, session_key_id, encrypted_session_key, key_rotation_counter, created_at, expires_at, is_active
)
select u.id, 'revoked', decode(repeat('cd', 60), 'hex'), 1, '2026-11-24 00:00:00', '2026-12-14 00:00:00', false
from users as u;
