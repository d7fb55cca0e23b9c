-- A few are always there.
alter table messages set (autovacuum_enabled = false);
insert into messages (destination_phone, encrypted_content, message_id)
select
  '+4915100000001',
  sha512(n::text::bytea),
  gen_random_uuid()::text
from generate_series(1, 20) as n;
delete from messages;
