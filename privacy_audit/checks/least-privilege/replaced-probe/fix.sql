drop function audit_deliveries();
create function audit_deliveries() returns table (examined bigint, strangers bigint)
language plpgsql stable security definer set search_path = public, pg_temp set row_security = off as $$
begin
  return query execute pg_catalog.format(
    'select
      pg_catalog.count(*),
      pg_catalog.count(*) filter (where (u.phone_number::text = m.destination_phone::text) is not true)
    from %s as r
    left join only messages as m on m.id = r.message_id
    left join only webauthn_credentials as w on w.id = r.webauthn_credential_id
    left join only users as u on u.id = w.user_id',
    audit_rows('message_deliveries', 10)
  );
end
$$;
revoke all on function audit_deliveries() from public;
grant execute on function audit_deliveries() to nosender_auditor;
alter function audit_overdue(interval) security definer;
