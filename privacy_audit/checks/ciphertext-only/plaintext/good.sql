-- Two hundred messages of bytes as random as they come, the shortest that there can be.
insert into messages (destination_phone, encrypted_content, message_id)
select
  '+4915100000001',
  substring(sha512(gen_random_uuid()::text::bytea) from 1 for 28),
  gen_random_uuid()::text
from generate_series(1, 200);
