-- Each row is a table with a canary that should have been swept an hour ago or earlier.
select pg_catalog.current_schema() || '.messages' as subject
from messages as m
where
  m.destination_phone = '+999999999999999'
  and m.expires_at < (pg_catalog.now() at time zone 'utc') - interval '1 hour'
union
select pg_catalog.current_schema() || '.ephemeral_keys' as subject
from ephemeral_keys as e
where
  e.destination_phone = '+999999999999999'
  and e.expires_at < (pg_catalog.now() at time zone 'utc') - interval '1 hour'
order by subject
