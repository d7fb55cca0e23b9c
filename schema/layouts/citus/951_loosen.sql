-- From this layout back to the core, begun: what leads from one table to another, and each key that holds the
-- destination, so that a table can be moved by itself.
alter table public.message_deliveries
drop constraint message_deliveries_message_id_fkey,
drop constraint message_deliveries_webauthn_credential_id_fkey,
drop constraint message_deliveries_message_device_key,
drop constraint message_deliveries_pkey;
drop index public.idx_deliveries_status;
alter table public.messages drop constraint messages_pkey;
drop index public.idx_messages_message_id;
alter table public.device_session_keys drop constraint device_session_keys_webauthn_credential_id_fkey;
alter table public.webauthn_credentials
drop constraint webauthn_credentials_user_id_fkey,
drop constraint webauthn_credentials_id_phone_number_key,
drop constraint webauthn_credentials_id_user_id_key,
drop constraint webauthn_credentials_id_is_active_key;
alter table public.users drop constraint users_id_phone_number_key;
