-- The revision that Alembic recorded; null where it recorded none.
create function audit_revision() returns text
language plpgsql
stable
security definer
set search_path from current
set row_security = off
as $$
declare
  revision text;
begin
  if pg_catalog.to_regclass('alembic_version') is not null then
    execute 'select pg_catalog.string_agg(v.version_num::text, '','' order by v.version_num) '
    'from only alembic_version as v' into revision;
  end if;
  return revision;
end
$$;
revoke all on function audit_revision() from public;
grant execute on function audit_revision() to nosender_auditor;
