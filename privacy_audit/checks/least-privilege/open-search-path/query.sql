-- Each row is a function with its owner's rights that looks names up where others than its owner may create.
with definers as (
  select
    p.oid,
    p.proowner,
    n.nspname || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' as subject,
    (
      select pg_catalog.max(c.line) from pg_catalog.unnest(p.proconfig) as c (line)
      where c.line like 'search_path=%'
    ) as setting
  from pg_catalog.pg_proc as p
  inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
  where p.oid >= 16384 and p.prosecdef
),

names as (
  select
    d.oid,
    d.proowner,
    x.place,
    pg_catalog.replace(pg_catalog.btrim(x.name, ' "'), '""', '"') as name,
    pg_catalog.max(x.place) over (partition by d.oid) as last_place
  from definers as d
  cross join lateral pg_catalog.regexp_split_to_table(
    pg_catalog.substr(d.setting, 13), ','
  ) with ordinality as x (name, place)
),

creators as (
  select
    n.nspname as name,
    case when r.rolname = 'pg_database_owner' then b.datdba else w.who end as who
  from pg_catalog.pg_namespace as n
  inner join pg_catalog.pg_database as b on b.datname = pg_catalog.current_database()
  cross join
    lateral (
      select n.nspowner as who
      union all
      select x.grantee from pg_catalog.aclexplode(n.nspacl) as x
      where x.privilege_type = 'CREATE'
    ) as w
  left join pg_catalog.pg_roles as r on w.who = r.oid
)

select d.subject
from definers as d
where
  d.setting is null
  or exists (
    select from names as x
    where x.oid = d.oid and x.place = x.last_place and x.name <> 'pg_temp'
  )
  or exists (
    select from names as x
    where
      x.oid = d.oid
      and x.name not in ('pg_catalog', 'pg_temp', '')
      and (
        not exists (
          select from pg_catalog.pg_namespace as n
          where n.nspname = x.name
        )
        or exists (
          select from creators as c
          left join pg_catalog.pg_roles as r on c.who = r.oid
          where c.name = x.name and c.who <> x.proowner and r.rolsuper is not true
        )
      )
  )
order by d.subject
