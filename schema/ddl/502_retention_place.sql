set search_path = pg_catalog, pg_temp;

-- The name of a declared table as SQL writes it: of ours in this schema, of a project's in another one where
-- a schema stands before it, with a dot between. No name of ours holds one.
create function public.retention_place(table_name text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when strpos(table_name, '.') > 0
      then quote_ident(split_part(table_name, '.', 1)) || '.' || quote_ident(split_part(table_name, '.', 2))
    else 'public.' || quote_ident(table_name)
  end
$$;

revoke all on function public.retention_place(text) from public;
