set search_path = pg_catalog, pg_temp;

-- Where the server keeps no counts: a query for the rows that refer to those of a batch, by all columns of
-- their key.
create or replace function public.retention_children_query(parent text, tables text[], condition text)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    'select sum(n) from (' || string_agg(
      format(
        'select count(*) as n from %s where (%s) in (select %s from %s where %s)',
        c.conrelid::regclass, k.child, k.parent, c.confrelid::regclass, condition
      ), ' union all '
    ) || ') as counted', 'select 0'
  )
  from unnest(tables) as child
  inner join pg_constraint as c
    on c.conrelid = public.retention_place(child)::regclass
    and c.confrelid = public.retention_place(parent)::regclass and c.contype = 'f'
  cross join lateral (
    select string_agg(quote_ident(a.attname), ', ' order by p.place), string_agg(quote_ident(b.attname), ', ' order by p.place)
    from unnest(c.conkey, c.confkey) with ordinality as p (child, parent, place)
    inner join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = p.child
    inner join pg_attribute as b on b.attrelid = c.confrelid and b.attnum = p.parent
  ) as k (child, parent)
$$;

revoke all on function public.retention_children_query from public;
