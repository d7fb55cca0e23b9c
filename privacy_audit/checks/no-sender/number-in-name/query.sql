-- Each row is a relation, a role or an index whose name, or a commented object whose comment, holds what
-- reads like a phone number. Numbers are shown as [number].
with pattern (number) as (
  values ('\+[1-9][0-9]{6,14}(?![0-9])|(?<![0-9])(?!20[0-9]{12}(?![0-9]))[1-9][0-9]{8,14}(?![0-9A-Za-z])')
),

named as (
  select
    n.nspname || '.' || c.relname as subject,
    c.relname::text as held
  from pg_catalog.pg_class as c
  inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
  where
    c.oid >= 16384
    and n.nspname !~ '^pg_toast'
  union all
  select
    r.rolname as subject,
    r.rolname::text as held
  from pg_catalog.pg_roles as r
  union all
  select
    n.nspname || '.' || c.relname as subject,
    d.description as held
  from pg_catalog.pg_description as d
  inner join pg_catalog.pg_class as c on d.objoid = c.oid
  inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
  where
    c.oid >= 16384
    and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
)

select distinct pg_catalog.regexp_replace(m.subject, p.number, '[number]', 'g') as subject
from named as m
cross join pattern as p
where m.held ~ p.number
order by subject
