insert into messages (destination_phone, encrypted_content, message_id)
select
  '+4915100000001',
  sha512(n::text::bytea),
  gen_random_uuid()::text
from generate_series(1, 300) as n;
