set search_path = pg_catalog, pg_temp;

-- Nothing to PUBLIC, and no table to anybody: whoever uses the database calls functions. Each function's file
-- grants it to its own role. What an administrator's default privileges gave away is taken back for PUBLIC
-- here.
revoke all on table
public.users,
public.webauthn_credentials,
public.messages,
public.device_session_keys,
public.message_deliveries,
public.ephemeral_keys,
public.messaging_public_keys
from public;

revoke all on sequence
public.users_id_seq,
public.webauthn_credentials_id_seq,
public.messages_id_seq,
public.device_session_keys_id_seq,
public.message_deliveries_id_seq,
public.ephemeral_keys_id_seq,
public.messaging_public_keys_id_seq
from public;

grant usage on schema public to nosender_app, nosender_sweeper, nosender_auditor;
do $$
begin
  if exists (select from pg_roles where rolname = 'nosender_clerk') then
    grant usage on schema public to nosender_clerk;
  end if;
end
$$;
