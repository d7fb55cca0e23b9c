-- One row when others than the owner of the schema, or of its tables, may create in it.
select distinct n.nspname as subject
from pg_catalog.pg_namespace as n
cross join lateral pg_catalog.aclexplode(n.nspacl) as x
where
  n.nspname = pg_catalog.current_schema()
  and x.privilege_type = 'CREATE'
  and x.grantee <> n.nspowner
  and x.grantee not in (
    select c.relowner
    from pg_catalog.pg_class as c
    where c.relnamespace = n.oid and c.relname = 'messages'
  )
order by subject
