-- finds: public.messages
begin;
insert into users (phone_number) values ('+4915100000001'), ('+4915100000002');
commit;
begin;
insert into messages (destination_phone, encrypted_content, message_id)
values ('+4915100000001', sha512('1'::bytea), '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b11');
insert into device_session_keys (user_id, session_key_id, encrypted_session_key)
select u.id, md5(u.phone_number), sha512(u.phone_number::bytea)
from users as u
where u.phone_number = '+4915100000002';
commit;
-- A hundred and fifty newer messages do not hide it.
insert into messages (destination_phone, encrypted_content, message_id)
select '+4915100000001', sha512(n::text::bytea), gen_random_uuid()::text
from generate_series(1, 150) as n;
