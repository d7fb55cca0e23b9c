-- Each row is a right on one of PostgreSQL's own functions, catalogs or settings that a role which is no
-- superuser, or everybody, has beyond what initdb gave.
with given (kind, object, grantee, privilege) as (
  select
    'function',
    p.oid::pg_catalog.regprocedure::text,
    a.grantee,
    a.privilege_type
  from pg_catalog.pg_proc as p
  cross join lateral pg_catalog.aclexplode(p.proacl) as a
  where p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
  union all
  select
    'catalog',
    c.oid::pg_catalog.regclass::text,
    a.grantee,
    a.privilege_type
  from pg_catalog.pg_class as c
  cross join lateral pg_catalog.aclexplode(c.relacl) as a
  where c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
  union all
  select
    'catalog',
    pg_catalog.format('%s.%I', t.attrelid::pg_catalog.regclass, t.attname),
    a.grantee,
    a.privilege_type
  from pg_catalog.pg_attribute as t
  inner join pg_catalog.pg_class as c on t.attrelid = c.oid
  cross join lateral pg_catalog.aclexplode(t.attacl) as a
  where c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
  union all
  select
    'setting',
    s.parname,
    a.grantee,
    a.privilege_type
  from pg_catalog.pg_parameter_acl as s
  cross join lateral pg_catalog.aclexplode(s.paracl) as a
),

initial (kind, object, grantee, privilege) as (
  select
    'function',
    i.objoid::pg_catalog.regprocedure::text,
    a.grantee,
    a.privilege_type
  from pg_catalog.pg_init_privs as i
  cross join lateral pg_catalog.aclexplode(i.initprivs) as a
  where i.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass
  union all
  -- What a function has of itself, where initdb said nothing: a grant to anybody writes it down.
  select
    'function',
    p.oid::pg_catalog.regprocedure::text,
    a.grantee,
    a.privilege_type
  from pg_catalog.pg_proc as p
  left join pg_catalog.pg_init_privs as i
    on p.oid = i.objoid and i.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass
  cross join lateral pg_catalog.aclexplode(pg_catalog.acldefault('f', p.proowner)) as a
  where
    p.oid < 16384 -- made by initdb
    and p.proacl is not null
    and i.objoid is null
  union all
  select
    'catalog',
    pg_catalog.concat(i.objoid::pg_catalog.regclass::text, '.' || pg_catalog.quote_ident(t.attname)),
    a.grantee,
    a.privilege_type
  from pg_catalog.pg_init_privs as i
  left join pg_catalog.pg_attribute as t
    on i.objoid = t.attrelid and i.objsubid = t.attnum and i.objsubid > 0
  cross join lateral pg_catalog.aclexplode(i.initprivs) as a
  where i.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
)

select distinct
  g.kind || ' ' || g.object as subject,
  coalesce(r.rolname, 'PUBLIC') as grantee
from (
  select * from given
  except
  select * from initial
) as g
left join pg_catalog.pg_roles as r on g.grantee = r.oid
where r.rolsuper is not true
order by subject, grantee
