-- Who may do what? One row a grantee, grantor and object.
-- A null ACL stands for acldefault: for tables and sequences that is the owner alone, so they are passed
-- over; PUBLIC may execute a function and use a type unless told otherwise, so they are not. The owner's
-- own full rights say nothing and are left out; an owner that gave some up is shown with what is left.
-- PostgreSQL's own objects (under 16384) appear where somebody changed their rights since initdb.
with found as (
  select
    case c.relkind when 'S' then 'sequence' else 'table' end as kind,
    case c.relkind when 'S' then 's' else 'r' end::"char" as code,
    n.nspname as schema_name,
    c.relname::text as object,
    null::name as column_name,
    c.relowner as owner,
    c.relacl as acl
  from pg_catalog.pg_class as c
  inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
  left join pg_catalog.pg_init_privs as ip
    on c.oid = ip.objoid and ip.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and ip.objsubid = 0
  where
    c.relacl is not null
    and (c.oid >= 16384 or c.relacl is distinct from ip.initprivs)
  union all
  select
    'column' as kind,
    'c'::"char" as code,
    n.nspname as schema_name,
    c.relname::text as object,
    a.attname as column_name,
    c.relowner as owner,
    a.attacl as acl
  from pg_catalog.pg_attribute as a
  inner join pg_catalog.pg_class as c on a.attrelid = c.oid
  inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
  left join pg_catalog.pg_init_privs as ip
    on
      c.oid = ip.objoid and ip.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
      and a.attnum = ip.objsubid
  where
    a.attacl is not null
    and not a.attisdropped
    and (c.oid >= 16384 or a.attacl is distinct from ip.initprivs)
  union all
  select
    'function' as kind,
    'f'::"char" as code,
    n.nspname as schema_name,
    p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' as object,
    null::name as column_name,
    p.proowner as owner,
    p.proacl as acl
  from pg_catalog.pg_proc as p
  inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
  left join pg_catalog.pg_init_privs as ip
    on p.oid = ip.objoid and ip.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass
  where
    p.oid >= 16384
    or (p.proacl is not null and p.proacl is distinct from ip.initprivs)
  union all
  select
    'type' as kind,
    'T'::"char" as code,
    n.nspname as schema_name,
    t.typname::text as object,
    null::name as column_name,
    t.typowner as owner,
    t.typacl as acl
  from pg_catalog.pg_type as t
  inner join pg_catalog.pg_namespace as n on t.typnamespace = n.oid
  where
    t.oid >= 16384
    and (
      t.typacl is not null
      or (
        t.typtype in ('e', 'd', 'r', 'b')
        and not exists (
          select 1
          from pg_catalog.pg_type as el
          where el.typarray = t.oid
        )
      )
    )
  union all
  select
    'schema' as kind,
    'n'::"char" as code,
    null::name as schema_name,
    n.nspname::text as object,
    null::name as column_name,
    n.nspowner as owner,
    n.nspacl as acl
  from pg_catalog.pg_namespace as n
  left join pg_catalog.pg_init_privs as ip
    on n.oid = ip.objoid and ip.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
  where
    n.oid >= 16384
    or n.nspname = 'public'
    or (n.nspacl is not null and n.nspacl is distinct from ip.initprivs)
  union all
  select
    'database' as kind,
    'd'::"char" as code,
    null::name as schema_name,
    d.datname::text as object,
    null::name as column_name,
    d.datdba as owner,
    d.datacl as acl
  from pg_catalog.pg_database as d
  where d.datname = pg_catalog.current_database()
  union all
  select
    'language' as kind,
    'l'::"char" as code,
    null::name as schema_name,
    l.lanname::text as object,
    null::name as column_name,
    l.lanowner as owner,
    l.lanacl as acl
  from pg_catalog.pg_language as l
  left join pg_catalog.pg_init_privs as ip
    on l.oid = ip.objoid and ip.classoid = 'pg_catalog.pg_language'::pg_catalog.regclass
  where
    l.oid >= 16384
    or (l.lanacl is not null and l.lanacl is distinct from ip.initprivs)
  union all
  select
    'foreign server' as kind,
    'S'::"char" as code,
    null::name as schema_name,
    s.srvname::text as object,
    null::name as column_name,
    s.srvowner as owner,
    s.srvacl as acl
  from pg_catalog.pg_foreign_server as s
  union all
  select
    'foreign data wrapper' as kind,
    'F'::"char" as code,
    null::name as schema_name,
    w.fdwname::text as object,
    null::name as column_name,
    w.fdwowner as owner,
    w.fdwacl as acl
  from pg_catalog.pg_foreign_data_wrapper as w
  union all
  select
    'large object' as kind,
    'L'::"char" as code,
    null::name as schema_name,
    'large objects' as object,
    null::name as column_name,
    lo.lomowner as owner,
    lo.lomacl as acl
  from pg_catalog.pg_largeobject_metadata as lo
  where lo.lomacl is not null
  union all
  select
    'parameter' as kind,
    'p'::"char" as code,
    null::name as schema_name,
    pa.parname as object,
    null::name as column_name,
    10::oid as owner, -- the bootstrap superuser
    pa.paracl as acl
  from pg_catalog.pg_parameter_acl as pa
),

-- An ACL is compared as text, written down once.
objects as materialized (
  select
    found.*,
    coalesce(found.acl::text, '') as key
  from found
),

-- What an owner holds by default depends on the kind alone: told once a kind, not once an object.
full_rights as materialized (
  select
    codes.code,
    array(
      select x.privilege_type
      from pg_catalog.aclexplode(pg_catalog.acldefault(codes.code, 10::oid)) as x
      where x.grantee = 10::oid
    ) as privileges
  from (select distinct objects.code from objects) as codes
),

-- Thousands of objects share a few ACLs: each is taken apart once.
acls as (
  select distinct
    o.code,
    o.owner,
    o.key,
    coalesce(o.acl, pg_catalog.acldefault(o.code, o.owner)) as acl
  from objects as o
),

entries as (
  select
    a.code,
    a.owner,
    a.key,
    x.grantee,
    x.grantor,
    pg_catalog.array_agg(distinct x.privilege_type order by x.privilege_type) as privileges,
    pg_catalog.array_agg(distinct x.privilege_type order by x.privilege_type)
    filter (where x.is_grantable) as grantable
  from acls as a
  cross join lateral pg_catalog.aclexplode(a.acl) as x
  group by
    a.code,
    a.owner,
    a.key,
    x.grantee,
    x.grantor
  union all
  -- an owner that gave everything up has no entry of its own
  select
    a.code,
    a.owner,
    a.key,
    a.owner as grantee,
    a.owner as grantor,
    '{}' as privileges,
    null as grantable
  from acls as a
  where
    a.key <> ''
    and a.code <> 'c'
    and not exists (
      select 1
      from pg_catalog.aclexplode(a.acl) as x
      where x.grantee = a.owner
    )
)

select
  o.kind,
  o.schema_name as schema,
  o.object,
  o.column_name as column_,
  e.privileges,
  e.grantable,
  case e.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(e.grantee) end as grantee,
  pg_catalog.pg_get_userbyid(e.grantor) as grantor
from objects as o
inner join entries as e
  on o.code = e.code and o.owner = e.owner and o.key = e.key
inner join full_rights as f on e.code = f.code
where
  not (e.grantee = e.owner and e.code <> 'c' and e.privileges @> f.privileges)
  -- initdb's own, granted after it noted what the initial rights are
  and not (
    e.grantee = 0
    and 'information_schema' in (coalesce(o.schema_name, ''), o.object)
    and e.privileges <@ array['SELECT', 'USAGE']
  )
