-- Each row is a knob whose value no nosender.toml may hold. What yours declares is compared by the audit alone.
with standing as (
  select
    v.place,
    v.texts[1]::interval as value
  from pg_catalog.pg_proc as p
  inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
  cross join
    lateral pg_catalog.regexp_matches(p.prosrc, 'null::interval|interval ''([^'']+)''', 'g')
    with ordinality as v (texts, place)
  where
    n.nspname = pg_catalog.current_schema()
    and p.proname = 'retention_knobs'
    and p.prosrc
    ~ '^\n  values \(''(keep|delete)''(, (null::interval|interval ''[0-9]+ (day|hour|minute|second)s?'')){5}\)\n$'
),

bounds (place, name, least, most) as (
  values
  (1, 'history', interval '2 days', interval '3660 days'),
  (2, 'messages', interval '2 days', interval '3660 days'),
  (3, 'session_keys', interval '2 days', interval '3660 days'),
  (4, 'prekeys', interval '15 minutes', interval '366 days'),
  (5, 'settle', interval '1 hour', interval '24 hours')
)

select pg_catalog.current_schema() || '.retention_knobs.' || b.name as subject
from standing as s
inner join bounds as b on s.place = b.place
where
  s.value not between b.least and b.most
  or (s.value is null and b.name in ('prekeys', 'settle'))
  or (b.name = 'settle' and extract(epoch from s.value) / 3600 not in (1, 2, 3, 6, 12, 24))
order by subject
