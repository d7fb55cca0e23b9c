-- Take back: Create the functions of the message flow.
drop function acknowledge(device_id integer, messages bigint[], outcome text);
drop function active_devices(owner_id integer);
drop function active_public_key(phone text);
drop function claim_ephemeral_key(destination text, exchange text);
drop function fetch_messages(device_id integer, page integer);
drop function find_device(credential bytea);
drop function forget_phone_number(phone text);
drop function publish_ephemeral_key(destination text, public_key bytea, exchange text, expires_in interval);
drop function publish_public_key(owner_id integer, x25519_key bytea, signature bytea, identity_key bytea);
drop function record_sign_count(device_id integer, counter bigint);
drop function register_device(owner_id integer, credential bytea, device_key bytea, counter bigint);
drop function register_user(phone text, forget_former boolean);
drop function revoke_device(device_id integer);
drop function rotate_session_key(
  owner_id integer,
  replaced text,
  session text,
  devices integer[],
  sealed_keys bytea[],
  expires_in interval
);
drop function send_message(destination text, content bytea, message text, kind text, expires_in interval);
drop function send_messages(
  destinations text[],
  contents bytea[],
  message_ids text[],
  kinds text[],
  expires_in interval[]
);
drop function session_keys(device_id integer);
