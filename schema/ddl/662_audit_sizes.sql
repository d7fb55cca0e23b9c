set search_path = pg_catalog, pg_temp;

-- How many different lengths the ciphertexts have, and how many rows share the commonest, column by column.
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
declare
  part record;
begin
  for part in
    select c.parts from public.audit_columns() as c where c.class = 'ciphertext' and c.type = 'bytea'
  loop
    return query execute public.audit_text(
      $sizes$
        with classes as (
          select pg_catalog.octet_length({value}) as size, pg_catalog.count(*) as members
          from {rows} as r
          group by 1
        )
        select
          {table}::text as table_name,
          {name}::text as column_name,
          coalesce(pg_catalog.sum(members), 0)::bigint as examined,
          pg_catalog.count(*) as sizes,
          coalesce(pg_catalog.max(members), 0) as commonest,
          {whole}::boolean as whole
        from classes
      $sizes$,
      part.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_sizes() from public;
grant execute on function public.audit_sizes() to nosender_auditor;
