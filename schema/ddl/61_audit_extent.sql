-- Whether the probes read a table whole or in part.
create function audit_extent() returns table (table_name text, whole boolean)
language sql
stable
security definer
set search_path from current
set row_security = off
as $$
  select
    ours.name,
    pg_catalog.pg_relation_size(pg_catalog.to_regclass(pg_catalog.quote_ident(ours.name)))
    <= 60 * pg_catalog.current_setting('block_size')::bigint
  from (
    values
      ('users'), ('webauthn_credentials'), ('messages'), ('device_session_keys'), ('message_deliveries'),
      ('ephemeral_keys'), ('messaging_public_keys')
  ) as ours (name)
$$;
revoke all on function audit_extent() from public;
grant execute on function audit_extent() to nosender_auditor;
