-- One row when others than the owner of the schema, or of its tables, may create in it.
select distinct n.nspname as subject
from pg_catalog.pg_namespace as n
cross join lateral pg_catalog.aclexplode(n.nspacl) as x
where
  n.nspname = pg_catalog.current_schema()
  and x.privilege_type = 'CREATE'
  and x.grantee <> n.nspowner
  -- the database's owner is the one member of pg_database_owner
  and not (
    n.nspowner::pg_catalog.regrole::text = 'pg_database_owner'
    and x.grantee = (
      select d.datdba
      from pg_catalog.pg_database as d
      where d.datname = pg_catalog.current_database()
    )
  )
  and x.grantee not in (
    select c.relowner
    from pg_catalog.pg_class as c
    where c.relnamespace = n.oid and c.relname = 'messages'
  )
order by subject
