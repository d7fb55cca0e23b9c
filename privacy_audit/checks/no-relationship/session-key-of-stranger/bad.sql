-- finds: public.device_session_keys
insert into users (phone_number) values ('+4915100000001'), ('+4915100000002');
insert into webauthn_credentials (user_id, credential_id, public_key)
select u.id, sha256(u.phone_number::bytea), sha256(u.phone_number::bytea)
from users as u;
alter table device_session_keys disable trigger device_session_keys_own_device;
insert into device_session_keys (user_id, webauthn_credential_id, session_key_id, encrypted_session_key)
select
  u.id,
  w.id,
  md5(u.phone_number || w.id),
  sha512(u.phone_number::bytea)
from users as u
inner join webauthn_credentials as w on u.id <> w.user_id;
alter table device_session_keys enable trigger device_session_keys_own_device;
