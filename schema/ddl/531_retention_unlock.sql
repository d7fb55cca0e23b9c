create function retention_unlock(tables text[]) returns void
language sql
set search_path from current
as $$
  select pg_advisory_unlock(hashtext('nosender.retention'), to_regclass(quote_ident(name))::oid::integer)
  from unnest(tables) as name
  where to_regclass(quote_ident(name)) is not null
$$;

revoke all on function retention_unlock from public;
