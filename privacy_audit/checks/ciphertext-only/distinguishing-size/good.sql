-- Four lengths.
insert into messages (destination_phone, encrypted_content, message_id)
select
  '+4915100000001',
  sha512(n::text::bytea) || substring(sha512(n::text::bytea) from 1 for (n % 4) * 16),
  gen_random_uuid()::text
from generate_series(1, 200) as n;
