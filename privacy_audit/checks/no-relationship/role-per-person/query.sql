-- One row when more than fifty roles can log in.
select 'roles' as subject
from pg_catalog.pg_roles as r
where
  r.rolcanlogin
  and (r.oid >= 16384 or r.oid = 10)
having pg_catalog.count(*) > 50
