-- A large value in a row is stored out of line, and is no large object.
insert into messages (destination_phone, encrypted_content, message_id)
values (
  '+4915100000001',
  (select string_agg(sha512(n::text::bytea), '') from generate_series(1, 200) as n),
  '5d0c51a5-5b0e-4c9c-9a63-7a1e1a0f7b11'
);
