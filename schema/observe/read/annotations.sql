-- What do comments and security labels say?
-- Comments on relations and columns, nearly all of them, are named by whoever has the names; the rest by
-- PostgreSQL. Comments of initdb, on objects under 16384, are left out except on the schema public; no number
-- stands in any of them. A comment or label may be left over of an object that is gone.
select
  'comment' as annotation,
  d.objoid,
  d.objsubid,
  null as kind,
  null as schema,
  null as object,
  null as provider,
  d.description as text
from pg_catalog.pg_description as d
where
  d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
  and (d.objoid >= 16384 or d.description ~ '[0-9]{7}')
union all
select
  'comment' as annotation,
  d.objoid,
  d.objsubid,
  coalesce(o.type, 'object') as kind,
  case
    -- quoted, as PostgreSQL gives it
    when o.schema like '"%' then replace(substr(o.schema, 2, length(o.schema) - 2), '""', '"')
    else o.schema
  end as schema,
  coalesce(o.identity, d.objoid::text || ' of ' || d.classoid::pg_catalog.regclass::text) as object,
  null as provider,
  d.description as text
from pg_catalog.pg_description as d
cross join lateral pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) as o
where
  d.classoid <> 'pg_catalog.pg_class'::pg_catalog.regclass
  and (
    d.objoid >= 16384
    or d.description ~ '[0-9]{7}'
    or (
      d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
      and d.objoid in (
        select n.oid
        from pg_catalog.pg_namespace as n
        where n.nspname = 'public'
      )
    )
  )
  and not exists (
    -- the members of an extension carry comments of the extension's own
    select 1
    from pg_catalog.pg_depend as m
    where
      m.classid = d.classoid
      and m.objid = d.objoid
      and m.deptype = 'e'
  )
union all
select
  'comment' as annotation,
  d.objoid,
  0 as objsubid,
  coalesce(o.type, 'object') as kind,
  case
    -- quoted, as PostgreSQL gives it
    when o.schema like '"%' then replace(substr(o.schema, 2, length(o.schema) - 2), '""', '"')
    else o.schema
  end as schema,
  coalesce(o.identity, d.objoid::text || ' of ' || d.classoid::pg_catalog.regclass::text) as object,
  null as provider,
  d.description as text
from pg_catalog.pg_shdescription as d
cross join lateral pg_catalog.pg_identify_object(d.classoid, d.objoid, 0) as o
where
  case
    when d.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass
      then o.identity = pg_catalog.quote_ident(pg_catalog.current_database()) or d.description ~ '[0-9]{7}'
    else d.objoid >= 16384 or d.description ~ '[0-9]{7}'
  end
union all
select
  'label' as annotation,
  s.objoid,
  s.objsubid,
  coalesce(o.type, 'object') as kind,
  case
    -- quoted, as PostgreSQL gives it
    when o.schema like '"%' then replace(substr(o.schema, 2, length(o.schema) - 2), '""', '"')
    else o.schema
  end as schema,
  coalesce(o.identity, s.objoid::text || ' of ' || s.classoid::pg_catalog.regclass::text) as object,
  s.provider,
  s.label as text
from pg_catalog.pg_seclabel as s
cross join lateral pg_catalog.pg_identify_object(s.classoid, s.objoid, s.objsubid) as o
union all
select
  'label' as annotation,
  s.objoid,
  0 as objsubid,
  coalesce(o.type, 'object') as kind,
  case
    -- quoted, as PostgreSQL gives it
    when o.schema like '"%' then replace(substr(o.schema, 2, length(o.schema) - 2), '""', '"')
    else o.schema
  end as schema,
  coalesce(o.identity, s.objoid::text || ' of ' || s.classoid::pg_catalog.regclass::text) as object,
  s.provider,
  s.label as text
from pg_catalog.pg_shseclabel as s
cross join lateral pg_catalog.pg_identify_object(s.classoid, s.objoid, 0) as o
