-- What does PostgreSQL write where names alone do not say it? Asked for by OID, once for those alike.
-- A definition opens the table (ACCESS SHARE), so an exclusive lock makes this question wait.
select
  'index of ours' as kind,
  o.oid,
  pg_catalog.pg_get_indexdef(o.oid) as definition
from pg_catalog.unnest($1::pg_catalog.oid[]) as o (oid)
union all
select
  'constraint of ours' as kind,
  o.oid,
  pg_catalog.pg_get_constraintdef(o.oid) as definition
from pg_catalog.unnest($2::pg_catalog.oid[]) as o (oid)
union all
-- a comment on what is in no other answer: the index of a TOAST table, or what is gone
select
  coalesce(o.type, 'object') as kind,
  c.oid,
  coalesce(o.identity, c.oid::text || ' of pg_class') as definition
from pg_catalog.unnest($3::pg_catalog.oid[]) as c (oid)
cross join lateral pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0) as o
