set search_path = pg_catalog, pg_temp;

-- The columns of other schemas that could hold a number, an identifier or a key, of tables that hold
-- anything, numbered: the tables by batches of 40. After the first 5,000 columns of tables that may be read
-- no more are looked at. Of tables that are refused it says why.
create function public.audit_other_columns()
returns table (
  schema_name text, table_name text, column_name text, type text, pages bigint, refused text, number bigint,
  in_table bigint, batch bigint, looked boolean
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with listed as materialized (
    select
      t.schema_name, t.table_name, a.attname::text as column_name, public.audit_type(a.atttypid) as type,
      t.pages, t.refused, a.attnum
    from public.audit_tables() as t
    inner join pg_catalog.pg_namespace as n on n.nspname::text = t.schema_name
    inner join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname::text = t.table_name
    inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid
    where
      n.oid <> 'public'::regnamespace::oid
      and t.pages > 0 and a.attnum > 0 and not a.attisdropped
      -- what a project declares is looked at with ours
      and not exists (
        select from public.audit_project_declared() as p
        where pg_catalog.to_regclass(public.retention_place(p.table_name))::oid = c.oid
      )
  ),
  numbered as (
    select
      l.*,
      pg_catalog.row_number() over (
        partition by l.refused is null
        order by l.schema_name collate pg_catalog."C", l.table_name collate pg_catalog."C", l.attnum
      ) - 1 as number,
      pg_catalog.row_number() over (partition by l.schema_name, l.table_name order by l.attnum) - 1 as in_table,
      pg_catalog.dense_rank() over (
        partition by l.refused is null
        order by l.schema_name collate pg_catalog."C", l.table_name collate pg_catalog."C"
      ) - 1 as table_number
    from listed as l
    where l.type not in (
      'boolean', 'smallint', 'real', 'interval', 'oid', 'time without time zone', 'time with time zone',
      '"char"', 'timestamp without time zone', 'timestamp with time zone', 'date'
    )
  )
  select
    n.schema_name, n.table_name, n.column_name, n.type, n.pages, n.refused, n.number, n.in_table,
    n.table_number / 40, n.number - n.in_table < 5000
  from numbered as n
$$;

revoke all on function public.audit_other_columns() from public;
