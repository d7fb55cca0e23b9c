-- Random ones, in two ways of writing.
insert into messages (destination_phone, encrypted_content, message_id)
select
  '+4915100000001',
  sha512(n::text::bytea),
  case n % 2 when 0 then gen_random_uuid()::text else encode(sha256(gen_random_uuid()::text::bytea), 'hex') end
from generate_series(1, 300) as n;
