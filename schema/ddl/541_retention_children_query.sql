-- Where the server keeps no counts: a query for the rows that refer to those of a batch.
create function retention_children_query(parent text, tables text[], condition text) returns text
language sql stable
set search_path from current
as $$
  select coalesce(
    'select sum(n) from (' || string_agg(
      format(
        'select count(*) as n from %I where %I in (select %I from %I where %s)',
        child, a.attname, p.attname, parent, condition
      ), ' union all '
    ) || ') as counted', 'select 0'
  )
  from unnest(tables) as child
  inner join pg_constraint as c
    on c.conrelid = quote_ident(child)::regclass and c.confrelid = quote_ident(parent)::regclass and c.contype = 'f'
  inner join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
  inner join pg_attribute as p on p.attrelid = c.confrelid and p.attnum = c.confkey[1]
$$;

revoke all on function retention_children_query from public;
