-- Each row is a role and a kind of object, where others get rights to what that role creates.
select distinct
  r.rolname || ': '
  || case d.defaclobjtype
    when 'r' then 'table'
    when 'S' then 'sequence'
    when 'f' then 'function'
    when 'T' then 'type'
    when 'n' then 'schema'
    else 'large object'
  end as subject
from pg_catalog.pg_default_acl as d
inner join pg_catalog.pg_roles as r on d.defaclrole = r.oid
left join pg_catalog.pg_namespace as n on d.defaclnamespace = n.oid
cross join lateral pg_catalog.aclexplode(d.defaclacl) as x
where
  x.grantee <> d.defaclrole
  and coalesce(n.nspname, pg_catalog.current_schema()) = pg_catalog.current_schema()
order by subject
