-- Each row is the table of messages, where some that were delivered everywhere are an hour past the age of
-- history, which is the second value in the text of retention_knobs.
with standing (history) as (
  select substring(p.prosrc from '^\s*values \(''[a-z]+'', interval ''([0-9]+ [a-z]+)''')::interval
  from pg_catalog.pg_proc as p
  inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
  where
    n.nspname = pg_catalog.current_schema()
    and p.proname = 'retention_knobs'
)

select pg_catalog.current_schema() || '.messages' as subject
from standing as s
where
  exists (
    select 1
    from messages as m
    where
      m.created_at + s.history < (pg_catalog.now() at time zone 'utc') - interval '1 hour'
      and not exists (
        select 1
        from message_deliveries as d
        where d.message_id = m.id and d.delivery_status <> 'delivered'
      )
  )
order by subject
