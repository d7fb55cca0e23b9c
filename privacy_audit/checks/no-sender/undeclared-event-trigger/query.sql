-- Each row is an event trigger of the database.
select t.evtname as subject
from pg_catalog.pg_event_trigger as t
order by subject
