-- Which tables of Citus are there? One that somebody else made under such a name is none of its members.
select c.relname as name
from pg_catalog.pg_depend as d
inner join pg_catalog.pg_extension as e on d.refobjid = e.oid
inner join pg_catalog.pg_class as c on d.objid = c.oid
inner join pg_catalog.pg_roles as r on e.extowner = r.oid
where
  d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
  and d.deptype = 'e'
  and e.extname = 'citus'
  and c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
  and c.relkind = 'r'
  and r.rolsuper
  and c.relowner = e.extowner
  and not c.relhasrules
  and not c.relrowsecurity
  and not c.relhassubclass
