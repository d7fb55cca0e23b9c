set search_path = pg_catalog, pg_temp;

-- Where the server keeps no counts: a query for the rows that refer to those of a batch.
create function public.retention_children_query(parent text, tables text[], condition text) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    'select sum(n) from (' || string_agg(
      format(
        'select count(*) as n from %s where %I in (select %I from %s where %s)',
        c.conrelid::regclass, a.attname, p.attname, c.confrelid::regclass, condition
      ), ' union all '
    ) || ') as counted', 'select 0'
  )
  from unnest(tables) as child
  inner join pg_constraint as c
    on c.conrelid = public.retention_place(child)::regclass
    and c.confrelid = public.retention_place(parent)::regclass and c.contype = 'f'
  inner join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
  inner join pg_attribute as p on p.attrelid = c.confrelid and p.attnum = c.confkey[1]
$$;

revoke all on function public.retention_children_query from public;
