-- Each row is a table, column or sequence of the schema to which others than its owner have rights.
select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
cross join lateral pg_catalog.aclexplode(c.relacl) as x
where
  n.nspname = pg_catalog.current_schema()
  and x.grantee <> c.relowner
union
select n.nspname || '.' || c.relname || '.' || a.attname as subject
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
cross join lateral pg_catalog.aclexplode(a.attacl) as x
where
  n.nspname = pg_catalog.current_schema()
  and x.grantee <> c.relowner
order by subject
