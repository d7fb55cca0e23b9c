-- A key for no device at all.
insert into users (phone_number) values ('+4915100000001');
insert into device_session_keys (user_id, session_key_id, encrypted_session_key)
select u.id, md5(u.phone_number), sha512(u.phone_number::bytea)
from users as u;
