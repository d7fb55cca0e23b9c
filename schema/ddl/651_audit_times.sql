set search_path = pg_catalog, pg_temp;

-- Per stored time: how many are finer than they may be.
create function public.audit_times()
returns table (table_name text, column_name text, examined bigint, finer bigint, whole boolean)
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
    select * from (
      values
        ('users', 'created_at', '1 hour'),
        ('webauthn_credentials', 'created_at', '1 hour'),
        ('messages', 'timestamp', '1 hour'),
        ('messages', 'created_at', '1 hour'),
        ('messages', 'expires_at', '1 hour'),
        ('device_session_keys', 'created_at', '1 hour'),
        ('device_session_keys', 'expires_at', '1 hour'),
        ('message_deliveries', 'delivered_at', '1 hour'),
        ('message_deliveries', 'read_at', '1 hour'),
        ('ephemeral_keys', 'created_at', '1 hour'),
        ('ephemeral_keys', 'expires_at', '15 minutes'),
        ('messaging_public_keys', 'created_at', '1 hour'),
        ('messaging_public_keys', 'revoked_at', '1 hour')
    ) as listed (name, attribute, resolution)
  loop
    return query execute pg_catalog.format(
      'select
        %1$L, %2$L,
        pg_catalog.count(*),
        pg_catalog.count(*) filter (
          where r.%2$I <> pg_catalog.date_bin(%3$L::interval, r.%2$I, timestamp ''2000-01-01'')
        ),
        %5$L::boolean
      from %4$s as r
      where r.%2$I is not null and pg_catalog.isfinite(r.%2$I)',
      part.name, part.attribute, part.resolution, public.audit_rows(part.name, 40),
      public.audit_whole(part.name, 256)
    );
  end loop;
end
$$;
revoke all on function public.audit_times() from public;
grant execute on function public.audit_times() to nosender_auditor;
