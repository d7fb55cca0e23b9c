-- How many session keys are stored for the device of another user: of all where both tables are at most
-- 1,000 pages, else of those on ten pages and the 30 newest, each looked up through an index.
create function audit_session_key_owners() returns table (examined bigint, strangers bigint, whole boolean)
language plpgsql
stable
security definer
set search_path from current
set row_security = off
set enable_nestloop = off
set enable_mergejoin = off
as $$
begin
  if audit_whole('device_session_keys', 1000) and audit_whole('webauthn_credentials', 1000) then
    whole := true;
    select pg_catalog.count(*), pg_catalog.count(*) filter (where (w.user_id = r.user_id) is not true)
    into examined, strangers
    from only device_session_keys as r
    left join only webauthn_credentials as w on w.id = r.webauthn_credential_id
    where r.webauthn_credential_id is not null;
  else
    whole := audit_whole('device_session_keys');
    execute pg_catalog.format(
      'select
        pg_catalog.count(*),
        pg_catalog.count(*) filter (where (r.user_id = (
          select w.user_id from only webauthn_credentials as w where w.id = r.webauthn_credential_id
        )) is not true)
      from %s as r
      where r.webauthn_credential_id is not null',
      audit_rows('device_session_keys', 10)
    ) into examined, strangers;
  end if;
  return next;
end
$$;
revoke all on function audit_session_key_owners() from public;
grant execute on function audit_session_key_owners() to nosender_auditor;
