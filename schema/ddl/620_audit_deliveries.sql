set search_path = pg_catalog, pg_temp;

-- How many deliveries go to a device that is not the destination's own. Where none of the four tables is
-- above 1,000 pages (8 MB), all rows are read and joined, without nested loops, which of whole tables would
-- cost more than reading them. Else about a thousand deliveries are read: ten pages and the 30 highest ids,
-- and each is looked up through three indexes, at four or five pages a look.
create function public.audit_deliveries() returns table (examined bigint, strangers bigint, whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set enable_nestloop = off
set enable_mergejoin = off
as $$
begin
  if public.audit_whole('message_deliveries'::text, 1000) and public.audit_whole('messages'::text, 1000)
    and public.audit_whole('webauthn_credentials'::text, 1000) and public.audit_whole('users'::text, 1000)
  then
    whole := true;
    select
      pg_catalog.count(*),
      pg_catalog.count(*) filter (where (u.phone_number::text = m.destination_phone::text) is not true)
    into examined, strangers
    from only public.message_deliveries as r
    left join only public.messages as m on m.id = r.message_id
    left join only public.webauthn_credentials as w on w.id = r.webauthn_credential_id
    left join only public.users as u on u.id = w.user_id;
  else
    whole := public.audit_whole('message_deliveries'::text, 256);
    execute pg_catalog.format(
      'select
        pg_catalog.count(*),
        pg_catalog.count(*) filter (where (
          (
            select (select u.phone_number::text from only %s as u where u.id = w.user_id)
            from only %s as w
            where w.id = r.webauthn_credential_id
          ) = (select m.destination_phone::text from only %s as m where m.id = r.message_id)
        ) is not true)
      from %s as r',
      'public.users'::regclass, 'public.webauthn_credentials'::regclass, 'public.messages'::regclass,
      public.audit_rows('message_deliveries'::text, 10)
    ) into examined, strangers;
  end if;
  return next;
end
$$;
revoke all on function public.audit_deliveries() from public;
grant execute on function public.audit_deliveries() to nosender_auditor;
