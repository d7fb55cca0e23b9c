set search_path = pg_catalog, pg_temp;

-- How many different lengths the ciphertexts have, and how many rows share the commonest.
create function public.audit_sizes()
returns table (
  table_name text, column_name text, examined bigint, sizes bigint, commonest bigint, whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
begin
  return query execute pg_catalog.format(
    'with classes as (
      select pg_catalog.octet_length(r.encrypted_content) as size, pg_catalog.count(*) as members
      from %s as r
      group by 1
    )
    select
      ''messages'', ''encrypted_content'',
      coalesce(pg_catalog.sum(members), 0)::bigint, pg_catalog.count(*), coalesce(pg_catalog.max(members), 0),
      %L::boolean
    from classes',
    public.audit_rows('messages'::text, 40), public.audit_whole('messages'::text, 256)
  );
end
$$;
revoke all on function public.audit_sizes() from public;
grant execute on function public.audit_sizes() to nosender_auditor;
