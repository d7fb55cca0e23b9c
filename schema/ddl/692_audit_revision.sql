set search_path = pg_catalog, pg_temp;

-- The revision that Alembic recorded; null where it recorded none.
create function public.audit_revision() returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  revision text;
begin
  if pg_catalog.to_regclass('public.alembic_version') is not null then
    -- Not looked at before it is reached, so the table may be missing.
    select pg_catalog.string_agg(v.version_num::text, ',' order by v.version_num)
    into revision
    from only public.alembic_version as v;
  end if;
  return revision;
end
$$;
revoke all on function public.audit_revision() from public;
grant execute on function public.audit_revision() to nosender_auditor;
