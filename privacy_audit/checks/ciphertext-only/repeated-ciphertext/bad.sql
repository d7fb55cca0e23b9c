-- finds: public.messages.encrypted_content
-- A nonce that is always zero.
insert into messages (destination_phone, encrypted_content, message_id)
select
  '+4915100000001',
  '\x000000000000000000000000'::bytea || sha512(n::text::bytea),
  gen_random_uuid()::text
from generate_series(1, 3) as n;
