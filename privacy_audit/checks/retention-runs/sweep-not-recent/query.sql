-- One row when the last sweep that came to its end did so more than half an hour ago.
select pg_catalog.current_schema() || '.retention_runs' as subject
from retention_runs as r
where
  r.phase = 'finished'
  and r.status in ('done', 'partial')
having pg_catalog.max(r.clock_after) < (pg_catalog.now() at time zone 'utc') - interval '30 minutes'
