set search_path = pg_catalog, pg_temp;

-- The built-in type that a type rests on, by way of domains, without its length; nothing where it rests on
-- one that somebody made, which a probe reads as the text that its output function gives.
create function public.audit_type(of_type oid) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive rests as (
    select t.oid, t.typtype, t.typbasetype, t.typnamespace
    from pg_catalog.pg_type as t
    where t.oid = of_type
    union all
    select t.oid, t.typtype, t.typbasetype, t.typnamespace
    from rests as r
    inner join pg_catalog.pg_type as t on t.oid = r.typbasetype
    where r.typtype = 'd'::"char"
  )
  select case
    when r.typnamespace = 'pg_catalog'::regnamespace::oid then pg_catalog.format_type(r.oid, null) else ''
  end
  from rests as r
  where r.typtype <> 'd'::"char"
$$;

revoke all on function public.audit_type(oid) from public;
