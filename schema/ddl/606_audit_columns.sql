set search_path = pg_catalog, pg_temp;

-- The live columns of the declared tables, declared or not, each with what the catalogue says of it and with
-- the parts that most templates are filled with. What somebody added is read as well: class and the rest of
-- it are null.
create function public.audit_columns()
returns table (
  table_name text, column_name text, type text, class text, resolution interval, leads_to text,
  owner_column text, owner_is text, destination text, whole boolean, parts jsonb
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  with homes as materialized (
    select
      c.oid as home,
      named.name,
      public.audit_rows(named.name, 40) as from_item,
      public.audit_whole(named.name, 256) as is_whole,
      o.column_name as owner_column,
      o.leads_to as owner_is,
      (
        select d.column_name from public.audit_declared() as d
        where d.table_name = named.name and d.class = 'destination-phone'
      ) as destination,
      exists (
        select from pg_catalog.pg_attribute as a
        where a.attrelid = c.oid and a.attname::text = 'id' and not a.attisdropped
      ) as numbered
    from (select distinct d.table_name as name from public.audit_declared() as d) as named
    inner join pg_catalog.pg_class as c
      on c.oid = pg_catalog.to_regclass(public.retention_place(named.name))::oid
    left join public.audit_declared() as o
      on o.table_name = named.name and o.leads_to in ('user', 'destination', 'device')
    where c.relkind = 'r'::"char"
  ),
  live as (
    select
      h.*,
      a.attname::text as attribute,
      a.attnum,
      public.audit_type(a.atttypid) as type_name,
      pg_catalog.format('r.%I', a.attname) as value
    from homes as h
    inner join pg_catalog.pg_attribute as a on a.attrelid = h.home
    where a.attnum > 0 and not a.attisdropped
  )
  select
    l.name, l.attribute, l.type_name, d.class, d.resolution, d.leads_to,
    l.owner_column, l.owner_is, l.destination, l.is_whole,
    pg_catalog.jsonb_build_object(
      'table', pg_catalog.quote_literal(l.name),
      'name', pg_catalog.quote_literal(l.attribute),
      'value', l.value,
      'spelled', case
        when l.type_name in (
          'text', 'character varying', 'character', 'name', 'json', 'jsonb', 'xml', 'inet'
        ) then l.value || '::text'
        -- no cast, which would call what the owner of a type has declared for it
        else pg_catalog.format('case when %1$s is distinct from null then pg_catalog.concat(%1$s) end', l.value)
      end,
      'rows', l.from_item,
      'whole', l.is_whole::text,
      'outside', case when l.is_whole then '1000' else '8' end,
      'place', case when l.numbered then 'r.id' else 'r.audit_place' end,
      'owner', coalesce('r.' || pg_catalog.quote_ident(l.owner_column), 'r.audit_place')
    )
  from live as l
  left join public.audit_declared() as d on d.table_name = l.name and d.column_name = l.attribute
  order by l.name, l.attnum;
end
$$;

revoke all on function public.audit_columns() from public;
