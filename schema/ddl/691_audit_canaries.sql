-- The canaries that stand, and for how many seconds they have been due; negative while they are not. Their
-- number is compared as text, which pg_catalog compares itself: see 60_audit_rows.sql.
create function audit_canaries()
returns table (table_name text, seconds bigint)
language sql
stable
security definer
set search_path from current
set row_security = off
as $$
  select c.table_name, extract(epoch from (pg_catalog.now() at time zone 'utc') - c.expires_at)::bigint
  from (
    select 'messages' as table_name, m.expires_at from only messages as m
    where m.destination_phone::text = '+999999999999999'
    union all
    select 'ephemeral_keys' as table_name, e.expires_at from only ephemeral_keys as e
    where e.destination_phone::text = '+999999999999999'
  ) as c
$$;

revoke all on function audit_canaries() from public;
grant execute on function audit_canaries() to nosender_auditor;
