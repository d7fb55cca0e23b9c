-- How many session keys are stored for the device of another user.
create function audit_session_key_owners() returns table (examined bigint, strangers bigint)
language plpgsql
stable
security definer
set search_path from current
set row_security = off
as $$
begin
  return query execute pg_catalog.format(
    'select
      pg_catalog.count(*),
      pg_catalog.count(*) filter (where (w.user_id = r.user_id) is not true)
    from %s as r
    left join only webauthn_credentials as w on w.id = r.webauthn_credential_id
    where r.webauthn_credential_id is not null',
    audit_rows('device_session_keys', 10)
  );
end
$$;
revoke all on function audit_session_key_owners() from public;
grant execute on function audit_session_key_owners() to nosender_auditor;
