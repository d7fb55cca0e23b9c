-- finds: public.inbox
-- finds: public.last_seen
-- finds: reporting.traffic
create view inbox as
select
  u.id as account,
  m.id as message
from users as u
inner join messages as m on u.phone_number = m.destination_phone;
create materialized view last_seen as
select
  d.webauthn_credential_id,
  max(d.read_at) as at
from message_deliveries as d
group by d.webauthn_credential_id;
create schema reporting;
create view reporting.traffic as
select m.destination_phone
from public.messages as m;
