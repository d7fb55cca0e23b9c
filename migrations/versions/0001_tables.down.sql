-- Take back: Create the tables, their guards and the roles.
drop table
device_session_keys,
ephemeral_keys,
message_deliveries,
messages,
messaging_public_keys,
migration_journal,
users,
webauthn_credentials;
drop function deliver_to_destination_only();
drop function device_session_keys_guard();
drop function ephemeral_keys_guard();
drop function message_deliveries_guard();
drop function messages_guard();
drop function messaging_public_keys_guard();
drop function refuse_time_zone();
drop function session_key_on_own_device();
drop function users_guard();
drop function webauthn_credentials_guard();
do $$
begin
  execute format(
    'revoke usage on schema %I from nosender_app, nosender_auditor, nosender_sweeper', current_schema()
  );
end
$$;
-- The roles stay: other databases of the cluster may use them. So does btree_gist.
