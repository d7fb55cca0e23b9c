set search_path = pg_catalog, pg_temp;

-- Every table with rows, of whatever schema: how many pages it has, and why it is not read. The planner
-- works out the constants in the expressions and predicates of indexes and statistics, whoever only reads:
-- code that anybody could write would run in that, while C and internal code takes a superuser.
create function public.audit_tables()
returns table (schema_name text, table_name text, pages bigint, runs_code boolean, refused text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with planned as (
    select coalesce(i.indrelid, e.stxrelid) as relation
    from pg_catalog.pg_depend as d
    left join pg_catalog.pg_index as i
      on d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and i.indexrelid = d.objid
    left join pg_catalog.pg_statistic_ext as e
      on d.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass and e.oid = d.objid
    left join pg_catalog.pg_operator as o
      on d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass and o.oid = d.refobjid
    left join pg_catalog.pg_proc as p
      on p.oid = case d.refclassid
        when 'pg_catalog.pg_proc'::pg_catalog.regclass then d.refobjid
        when 'pg_catalog.pg_operator'::pg_catalog.regclass then o.oprcode::oid
      end
    left join pg_catalog.pg_language as l on l.oid = p.prolang
    left join pg_catalog.pg_type as t
      on d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass and t.oid = d.refobjid
    where
      coalesce(i.indrelid, e.stxrelid) is not null
      and (
        p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace and l.lanname not in ('c', 'internal')
        or t.typtype = 'd'
      )
  )
  select
    n.nspname::text,
    c.relname::text,
    pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint,
    c.oid in (select planned.relation from planned),
    case
      when not (
        pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select')
      ) then 'may not be read by ' || pg_catalog.quote_ident(current_user)
      when pg_catalog.row_security_active(c.oid) then 'is under row security for this role'
      when c.oid in (select planned.relation from planned)
        then 'has an index or statistics over a function of the database, which whoever reads would run'
    end
  from pg_catalog.pg_class as c
  inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where
    c.relkind in ('r', 'm')
    and c.relpersistence <> 't'
    and n.nspname not in ('pg_catalog', 'information_schema')
    and n.nspname !~ '^pg_toast'
$$;

revoke all on function public.audit_tables() from public;
