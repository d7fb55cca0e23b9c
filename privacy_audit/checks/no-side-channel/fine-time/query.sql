-- Each row is a column with times finer than declared. Reads whole tables; the other columns are asked alike.
select pg_catalog.current_schema() || '.' || fine.subject as subject
from (
  select 'ephemeral_keys.expires_at' as subject
  where
    exists (
      select 1
      from ephemeral_keys as e
      where e.expires_at <> pg_catalog.date_bin('15 minutes', e.expires_at, timestamp '2000-01-01')
    )
  union all
  select 'messages.created_at' as subject
  where
    exists (
      select 1
      from messages as m
      where m.created_at <> pg_catalog.date_trunc('hour', m.created_at)
    )
) as fine
order by subject
