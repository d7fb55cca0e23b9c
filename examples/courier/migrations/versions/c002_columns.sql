create or replace function public.audit_project_declared()
returns table (table_name text, column_name text, class text, resolution interval, leads_to text)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  values
  ('push_tokens'::text, 'id'::text, 'serial'::text, null::interval, null::text),
  ('push_tokens'::text, 'webauthn_credential_id'::text, 'link'::text, null::interval, 'device'::text),
  ('push_tokens'::text, 'sealed_token'::text, 'ciphertext'::text, null::interval, null::text),
  ('push_tokens'::text, 'expires_at'::text, 'expiry'::text, '3600 seconds'::interval, null::text)
$$;
