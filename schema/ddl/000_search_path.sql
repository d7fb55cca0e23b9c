-- Everything below is created in the schema that comes first in the caller's search_path. pg_temp is named,
-- and last, because PostgreSQL otherwise looks there first: a caller's temporary table could stand in for
-- ours. The functions take this very setting with `set search_path from current`.
do $$
begin
  if current_schema() is null then
    raise exception 'no schema of the search_path exists: create it first, or name another'
      using errcode = 'invalid_schema_name';
  end if;
  perform set_config('search_path', quote_ident(current_schema()) || ', pg_temp', false);
end
$$;
