-- One person's devices have a session in common, and everybody sends text.
insert into users (phone_number)
select '+491510000' || n
from generate_series(1000, 1059) as n;
insert into webauthn_credentials (user_id, credential_id, public_key)
select
  u.id,
  sha256((u.id::text || n)::bytea),
  sha256((u.id::text || n)::bytea)
from users as u
cross join generate_series(1, 2) as n;
insert into device_session_keys (user_id, webauthn_credential_id, session_key_id, encrypted_session_key)
select
  w.user_id,
  w.id,
  md5(w.user_id::text),
  sha512(w.credential_id)
from webauthn_credentials as w;
insert into messages (destination_phone, encrypted_content, message_id)
select
  u.phone_number,
  sha512(u.phone_number::bytea),
  gen_random_uuid()::text
from users as u;
