-- Which relations are there, and what are they? One row a table, view, composite type or sequence.
-- PostgreSQL's own are those that initdb made, where it made them: neither an object that somebody hid in its
-- schemas nor one of its own that somebody moved out.
with parents as (
  select
    i.inhrelid,
    pg_catalog.array_agg(
      pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.relname)
      order by i.inhseqno
    ) as names
  from pg_catalog.pg_inherits as i
  inner join pg_catalog.pg_class as p on i.inhparent = p.oid
  inner join pg_catalog.pg_namespace as pn on p.relnamespace = pn.oid
  where p.relkind in ('r', 'p', 'f')
  group by i.inhrelid
),

owned as (
  -- a: a serial column owns its sequence; i: an identity column does
  select
    d.objid,
    d.refobjid,
    d.refobjsubid
  from pg_catalog.pg_depend as d
  where
    d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.deptype in ('a', 'i')
    and d.refobjsubid > 0
),

x as (
  select
    d.objid,
    e.extname
  from pg_catalog.pg_depend as d
  inner join pg_catalog.pg_extension as e on d.refobjid = e.oid
  where
    d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    and d.deptype = 'e'
)

select
  c.oid,
  n.nspname as schema,
  c.relname as name,
  am.amname as access_method,
  ts.spcname as tablespace,
  c.relrowsecurity as row_security,
  c.relforcerowsecurity as row_security_forced,
  c.reloptions as options,
  toast.reloptions as toast_options,
  parents.names as parents,
  fs.srvname as foreign_server,
  ft.ftoptions as foreign_options,
  x.extname as extension,
  case c.relkind
    when 'r' then 'table'
    when 'p' then 'partitioned table'
    when 'v' then 'view'
    when 'm' then 'materialized view'
    when 'f' then 'foreign table'
    when 'c' then 'composite type'
    when 'S' then 'sequence'
  end as kind,
  pg_catalog.pg_get_userbyid(c.relowner) as owner,
  case c.relpersistence
    when 'p' then 'permanent'
    when 'u' then 'unlogged'
    when 't' then 'temporary'
  end as persistence,
  case
    when c.relkind not in ('r', 'p', 'm') then null
    when c.relreplident = 'd' then 'default'
    when c.relreplident = 'n' then 'nothing'
    when c.relreplident = 'f' then 'full'
    when c.relreplident = 'i' then 'index'
  end as replica_identity,
  case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end as partition_key,
  case when c.relispartition then pg_catalog.pg_get_expr(c.relpartbound, c.oid) end as partition_bound,
  case when c.reloftype <> 0 then pg_catalog.format_type(c.reloftype, null) end as of_type,
  case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end as definition,
  case when s.seqrelid is not null then pg_catalog.format_type(s.seqtypid, null) end as type,
  s.seqstart as start,
  s.seqmin as minimum,
  s.seqmax as maximum,
  s.seqincrement as increment,
  s.seqcache as cache,
  s.seqcycle as cycle,
  owned.refobjid as owner_table,
  owned.refobjsubid as owner_column
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
left join pg_catalog.pg_am as am on c.relam = am.oid
left join pg_catalog.pg_tablespace as ts on c.reltablespace = ts.oid
left join pg_catalog.pg_class as toast on c.reltoastrelid = toast.oid and toast.reloptions is not null
left join pg_catalog.pg_foreign_table as ft on c.oid = ft.ftrelid
left join pg_catalog.pg_foreign_server as fs on ft.ftserver = fs.oid
left join pg_catalog.pg_sequence as s on c.oid = s.seqrelid
left join parents on c.oid = parents.inhrelid
left join owned on s.seqrelid = owned.objid
left join x on c.oid = x.objid
where
  (c.oid >= 16384 or n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema'))
  and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c', 'S')
