-- Of the hour before: the next sweep is still in time.
insert into messages (destination_phone, encrypted_content, message_id, created_at, "timestamp")
select '+15550100001', decode(repeat('ab', 40), 'hex'), 'in-time', hour_ago.moment, hour_ago.moment
from (select (now() at time zone 'utc') - interval '1 hour' as moment) as hour_ago;
