set search_path = pg_catalog, pg_temp;

-- How many session keys are stored for the device of another user: of all where both tables are at most
-- 1,000 pages, else of those on ten pages and the 30 of the highest ids, each looked up through an index.
create function public.audit_session_key_owners()
returns table (examined bigint, strangers bigint, whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set enable_nestloop = off
set enable_mergejoin = off
as $$
begin
  if
    public.audit_whole('device_session_keys'::text, 1000)
    and public.audit_whole('webauthn_credentials'::text, 1000)
  then
    whole := true;
    select pg_catalog.count(*), pg_catalog.count(*) filter (where (w.user_id = r.user_id) is not true)
    into examined, strangers
    from only public.device_session_keys as r
    left join only public.webauthn_credentials as w on w.id = r.webauthn_credential_id
    where r.webauthn_credential_id is not null;
  else
    whole := public.audit_whole('device_session_keys'::text, 256);
    execute pg_catalog.format(
      'select
        pg_catalog.count(*),
        pg_catalog.count(*) filter (where (r.user_id = (
          select w.user_id from only %s as w where w.id = r.webauthn_credential_id
        )) is not true)
      from %s as r
      where r.webauthn_credential_id is not null',
      'public.webauthn_credentials'::regclass, public.audit_rows('device_session_keys'::text, 10)
    ) into examined, strangers;
  end if;
  return next;
end
$$;
revoke all on function public.audit_session_key_owners() from public;
grant execute on function public.audit_session_key_owners() to nosender_auditor;
