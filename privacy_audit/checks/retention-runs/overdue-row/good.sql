-- One that has all day, and one that never expires, for which the catalogue has the reason.
insert into messages (destination_phone, encrypted_content, message_id, expires_at)
values
(
  '+4915100000001', sha512('1'::bytea), '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b11',
  (now() at time zone 'utc') + interval '1 day'
),
('+4915100000001', sha512('2'::bytea), '0a2f8f0e-7f5c-4a43-9a52-77c2b8c3d0b2', null);
