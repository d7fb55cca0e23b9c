-- Each row is a text column with values that hold a number, an e-mail or an IP address. Reads whole tables.
select pg_catalog.current_schema() || '.' || held.subject as subject
from (
  select 'messages.message_id' as subject
  where
    exists (
      select 1
      from messages as m
      where m.message_id ~ '\+[1-9][0-9]{6,14}|[[:alnum:]._%+-]{2,}@[[:alnum:]-]{2,}\.[[:alpha:]]{2,}'
    )
  union all
  select 'messages.message_type' as subject
  where
    exists (
      select 1
      from messages as m
      where
        m.message_type
        ~ '\+[1-9][0-9]{6,14}|[[:alnum:]._%+-]{2,}@[[:alnum:]-]{2,}\.[[:alpha:]]{2,}|[0-9]{1,3}(\.[0-9]{1,3}){3}'
    )
) as held
order by subject
