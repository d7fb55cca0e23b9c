-- finds: public.messages
-- Two days old, and no sweep has settled it.
insert into messages (destination_phone, encrypted_content, message_id, created_at, "timestamp")
select '+15550100001', decode(repeat('ab', 40), 'hex'), 'kept-in-order', two_days_ago.moment, two_days_ago.moment
from (select (now() at time zone 'utc') - interval '2 days' as moment) as two_days_ago;
