-- finds: public.messages
-- History is 30 days; this was delivered before, and no sweep took it.
create or replace function retention_knobs()
returns table (
  delivered text,
  history interval,
  messages interval,
  session_keys interval,
  prekeys interval,
  settle interval
)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  values ('keep', interval '30 days', null::interval, null::interval, interval '30 days', interval '1 hour')
$$;
insert into users (phone_number) values ('+15550100001');
insert into webauthn_credentials (user_id, credential_id, public_key)
select u.id, decode(repeat('cd', 16), 'hex'), 'x' from users as u;
insert into messages (destination_phone, encrypted_content, message_id, created_at, "timestamp")
select '+15550100001', decode(repeat('ab', 40), 'hex'), 'read-long-ago', long_ago.moment, long_ago.moment
from (select (now() at time zone 'utc') - interval '32 days' as moment) as long_ago;
insert into message_deliveries (message_id, webauthn_credential_id, delivery_status)
select m.id, w.id, 'delivered' from messages as m cross join webauthn_credentials as w;
