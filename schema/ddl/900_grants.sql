-- Nothing to PUBLIC, and no table to anybody: whoever uses the database calls functions. Each function's file
-- grants it to its own role. What an administrator's default privileges gave away is taken back for PUBLIC
-- here.
revoke all on table
users,
webauthn_credentials,
messages,
device_session_keys,
message_deliveries,
ephemeral_keys,
messaging_public_keys
from public;

revoke all on sequence
users_id_seq,
webauthn_credentials_id_seq,
messages_id_seq,
device_session_keys_id_seq,
message_deliveries_id_seq,
ephemeral_keys_id_seq,
messaging_public_keys_id_seq
from public;

do $$
begin
  execute format(
    'grant usage on schema %I to nosender_app, nosender_sweeper, nosender_auditor', current_schema()
  );
end
$$;
