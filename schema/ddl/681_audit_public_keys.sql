set search_path = pg_catalog, pg_temp;

-- Published keys with their signatures, so that the auditor can verify them: public by their nature, without
-- owner or version, in an order that says nothing. The only probe that returns values.
create function public.audit_public_keys()
returns table (x25519_public_key bytea, ed25519_signature bytea, ed25519_public_key bytea, whole boolean)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
begin
  return query execute pg_catalog.format(
    'select
      r.x25519_public_key, r.ed25519_signature, r.ed25519_public_key,
      %L::boolean and pg_catalog.count(*) over () <= 1000
    from %s as r
    order by pg_catalog.random()
    limit 1000',
    public.audit_whole('messaging_public_keys'::text, 256),
    public.audit_rows('messaging_public_keys'::text, 20)
  );
end
$$;
revoke all on function public.audit_public_keys() from public;
grant execute on function public.audit_public_keys() to nosender_auditor;
