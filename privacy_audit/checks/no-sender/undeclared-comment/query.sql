-- Each row is a table or column of the schema, the schema or the database, whose comment is not the declared one.
with declared (object, text) as (
  values
  -- made from the ddl: comments
  ('device_session_keys', 'Session keys, wrapped for each device of their owner.'),
  ('device_session_keys.created_at', 'The day on which the key was stored.'),
  ('device_session_keys.encrypted_session_key', 'The session key, encrypted for the device.'),
  ('device_session_keys.expires_at', 'When the key is to be rotated at the latest. A key that was replaced is inactive and has none.'),
  ('device_session_keys.id', 'Number of the session key row, drawn at random.'),
  ('device_session_keys.is_active', 'Whether new messages may still use the key.'),
  ('device_session_keys.key_rotation_counter', 'Goes up with each rotation, from a random start: both sides rotate together, and equal counters would join them.'),
  ('device_session_keys.session_key_id', 'Names the key among its owner''s devices; never shared with another user, which would join the two.'),
  ('device_session_keys.user_id', 'The owner of the key.'),
  ('device_session_keys.webauthn_credential_id', 'The device that the key is wrapped for.'),
  ('ephemeral_keys', 'X25519 public keys for one key exchange each, waiting for their destination.'),
  ('ephemeral_keys.created_at', 'When the key was stored.'),
  ('ephemeral_keys.destination_phone', 'Whom the key exchange is with; who offers it is nowhere.'),
  ('ephemeral_keys.ephemeral_public_key', 'The public half of a key pair that is used once.'),
  ('ephemeral_keys.expires_at', 'When an unclaimed key must go.'),
  ('ephemeral_keys.id', 'Number of the ephemeral key, drawn at random.'),
  ('ephemeral_keys.key_exchange_id', 'Names the exchange, so that both ends know which key was taken.'),
  ('ephemeral_keys.used', 'For applications that mark a key instead of claiming it; a used key goes with the next sweep.'),
  ('message_deliveries', 'Which devices of the destination have received which messages.'),
  ('message_deliveries.delivered_at', 'When the device received the message.'),
  ('message_deliveries.delivery_status', 'Whether the delivery is pending, delivered or failed.'),
  ('message_deliveries.id', 'Number of the delivery: its day and random bits.'),
  ('message_deliveries.message_id', 'The message that is delivered.'),
  ('message_deliveries.read_at', 'When the message was read, if the reader lets that be known.'),
  ('message_deliveries.webauthn_credential_id', 'The device that receives it, which is always one of the destination''s own.'),
  ('messages', 'Encrypted messages that wait for their destination. Who sent them is nowhere.'),
  ('messages.created_at', 'When the row was stored.'),
  ('messages.destination_phone', 'Where the message goes. No foreign key leads from it to users. Cannot be changed.'),
  ('messages.encrypted_content', 'The message, AES-GCM with nonce and tag.'),
  ('messages.expires_at', 'When the message must go, delivered or not: after one of thirteen lifetimes.'),
  ('messages.id', 'Number of the message, to which deliveries refer: its day and random bits. It orders the messages of one destination by the day.'),
  ('messages.message_id', 'Recognises a message that is sent again; unique over all destinations.'),
  ('messages.message_type', 'How the client is to treat the content: text, media, system and the like.'),
  ('messages.timestamp', 'When the message was sent, as coarse as everything stored; the exact time is inside the ciphertext.'),
  ('messaging_public_keys', 'Each user''s published X25519 keys, signed by the user''s Ed25519 identity key.'),
  ('messaging_public_keys.created_at', 'When the key was published.'),
  ('messaging_public_keys.ed25519_public_key', 'The identity key that verifies the signature.'),
  ('messaging_public_keys.ed25519_signature', 'Proves that the holder of the identity key published it.'),
  ('messaging_public_keys.id', 'Number of the published key, drawn at random.'),
  ('messaging_public_keys.is_active', 'Whether this is the key to encrypt to now.'),
  ('messaging_public_keys.key_version', 'Counts the user''s published keys.'),
  ('messaging_public_keys.revoked_at', 'When the key was replaced or withdrawn.'),
  ('messaging_public_keys.user_id', 'The user whose key this is.'),
  ('messaging_public_keys.x25519_public_key', 'The key that others encrypt to.'),
  ('migration_journal', 'Which revisions were applied or reverted, and the checksum of the text that was.'),
  ('migration_journal.algorithm', 'Version of the checksum''s algorithm.'),
  ('migration_journal.checksum', 'SHA-256 over the normalised text of the revision or step.'),
  ('migration_journal.direction', 'Whether it was applied (up), reverted (down) or its changed text accepted.'),
  ('migration_journal.id', 'Order of recording.'),
  ('migration_journal.recorded_at', 'When it was recorded.'),
  ('migration_journal.revision', 'The identifier of the revision.'),
  ('migration_journal.step', '0 for the whole revision, else the number of the step that was done.'),
  ('retention_runs', 'The ledger of the sweeps: what each run did, as counts and times, chained by hashes.'),
  ('retention_runs.anchor_hash', 'The hash of that row, with which the chain goes on.'),
  ('retention_runs.anchor_id', 'The last row that was taken off the beginning of the ledger.'),
  ('retention_runs.batches', 'In how many transactions.'),
  ('retention_runs.blocked', 'How many expired rows stayed because somebody else had locked them, or waited with settling.'),
  ('retention_runs.children', 'How many rows of other tables went with them by cascade.'),
  ('retention_runs.clock_after', 'The database''s clock when the row was written.'),
  ('retention_runs.clock_before', 'The database''s clock when the phase began.'),
  ('retention_runs.cutoff', 'The database''s clock when the run started: what had expired by then was to go.'),
  ('retention_runs.deactivated', 'How many rows were marked inactive.'),
  ('retention_runs.deleted', 'How many rows were deleted.'),
  ('retention_runs.dropped_columns', 'The numbers of the columns that were dropped by then, and have no value in that file.'),
  ('retention_runs.error_class', 'What went wrong, as an SQLSTATE or one word; never the text of an error.'),
  ('retention_runs.file_number', 'The number of the file that a table was written into anew.'),
  ('retention_runs.form', 'Which text the row''s hash is taken of: nothing as 0.1.0 wrote it, 2 with what follows here.'),
  ('retention_runs.id', 'Place in the chain; the numbers have no gap.'),
  ('retention_runs.node', 'The system identifier of the cluster that was swept.'),
  ('retention_runs.oldest_remaining', 'The oldest expiry that had passed and was still there at the end.'),
  ('retention_runs.phase', 'Whether the run started, has swept or settled one table, or finished; or a table was written anew.'),
  ('retention_runs.policy_hash', 'Hash of the policy that the run followed.'),
  ('retention_runs.previous_hash', 'The hash of the row before.'),
  ('retention_runs.row_hash', 'The hash of this row, with that of the row before in it.'),
  ('retention_runs.run_id', 'The run that the row belongs to.'),
  ('retention_runs.schema_name', 'The schema that was swept.'),
  ('retention_runs.settled', 'How many rows were written anew in random order.'),
  ('retention_runs.settled_until', 'Up to when the rows of a settled set had been written; the end of an hour, of six, or of a day.'),
  ('retention_runs.status', 'How it ended: done, partial, interrupted or failed; nothing while the run has only started.'),
  ('retention_runs.table_name', 'The table that was swept, or written anew.'),
  ('retention_runs.version', 'The revision of the schema by which the row was written.'),
  ('users', 'The people who can receive messages, each by one phone number.'),
  ('users.created_at', 'When the number was registered.'),
  ('users.id', 'Number of the user, to which devices and keys refer.'),
  ('users.phone_number', 'Finds the devices of a destination. Cannot be changed: a number that moves to somebody else is forgotten first.'),
  ('webauthn_credentials', 'The devices of each user, by their WebAuthn credential.'),
  ('webauthn_credentials.created_at', 'When the device was registered.'),
  ('webauthn_credentials.credential_id', 'The credential''s own identifier, by which the authenticator is addressed.'),
  ('webauthn_credentials.id', 'Number of the device, to which deliveries and session keys refer.'),
  ('webauthn_credentials.is_active', 'Whether messages are still delivered to this device.'),
  ('webauthn_credentials.public_key', 'Verifies what the device signs when it logs in.'),
  ('webauthn_credentials.sign_count', 'The authenticator''s signature counter, which shows a cloned device.'),
  ('webauthn_credentials.user_id', 'The user whose device this is. Cannot be changed.')
  -- end
)

select n.nspname || '.' || c.relname || coalesce('.' || a.attname, '') as subject
from pg_catalog.pg_description as d
inner join pg_catalog.pg_class as c on d.objoid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
left join pg_catalog.pg_attribute as a on c.oid = a.attrelid and d.objsubid = a.attnum and d.objsubid > 0
where
  n.nspname = pg_catalog.current_schema()
  and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
  and (c.relname || coalesce('.' || a.attname, ''), d.description) not in (
    select
      k.object,
      k.text
    from declared as k
  )
union all
select pg_catalog.quote_ident(n.nspname) as subject
from pg_catalog.pg_namespace as n
where
  n.nspname = pg_catalog.current_schema()
  and pg_catalog.obj_description(n.oid, 'pg_namespace') <> 'standard public schema'
union all
select pg_catalog.quote_ident(b.datname) as subject
from pg_catalog.pg_database as b
where
  b.datname = pg_catalog.current_database()
  and pg_catalog.shobj_description(b.oid, 'pg_database') not in (
    'default administrative connection database', 'default template for new databases',
    'unmodifiable empty database'
  )
order by subject
