-- Made from schema/catalogue by `nosender catalogue comments`; change the catalogue, not this file.

set search_path = pg_catalog, pg_temp;

comment on table public.device_session_keys is 'Session keys, wrapped for each device of their owner.';
comment on column public.device_session_keys.id is 'Number of the session key row, drawn at random.';
comment on column public.device_session_keys.user_id is 'The owner of the key.';
comment on column public.device_session_keys.webauthn_credential_id is
'The device that the key is wrapped for.';
comment on column public.device_session_keys.session_key_id is
'Names the key among its owner''s devices; never shared with another user, which would join the two.';
comment on column public.device_session_keys.encrypted_session_key is
'The session key, encrypted for the device.';
comment on column public.device_session_keys.key_rotation_counter is
'Goes up with each rotation, from a random start: both sides rotate together, and equal counters '
'would join them.';
comment on column public.device_session_keys.created_at is 'The day on which the key was stored.';
comment on column public.device_session_keys.expires_at is
'When the key is to be rotated at the latest. A key that was replaced is inactive and has none.';
comment on column public.device_session_keys.is_active is 'Whether new messages may still use the key.';

comment on table public.ephemeral_keys is
'X25519 public keys for one key exchange each, waiting for their destination.';
comment on column public.ephemeral_keys.id is 'Number of the ephemeral key, drawn at random.';
comment on column public.ephemeral_keys.destination_phone is
'Whom the key exchange is with; who offers it is nowhere.';
comment on column public.ephemeral_keys.ephemeral_public_key is
'The public half of a key pair that is used once.';
comment on column public.ephemeral_keys.key_exchange_id is
'Names the exchange, so that both ends know which key was taken.';
comment on column public.ephemeral_keys.created_at is 'When the key was stored.';
comment on column public.ephemeral_keys.expires_at is 'When an unclaimed key must go.';
comment on column public.ephemeral_keys.used is
'For applications that mark a key instead of claiming it; a used key goes with the next sweep.';

comment on table public.message_deliveries is
'Which devices of the destination have received which messages.';
comment on column public.message_deliveries.id is 'Number of the delivery: its day and random bits.';
comment on column public.message_deliveries.message_id is 'The message that is delivered.';
comment on column public.message_deliveries.webauthn_credential_id is
'The device that receives it, which is always one of the destination''s own.';
comment on column public.message_deliveries.delivered_at is 'When the device received the message.';
comment on column public.message_deliveries.read_at is
'When the message was read, if the reader lets that be known.';
comment on column public.message_deliveries.delivery_status is
'Whether the delivery is pending, delivered or failed.';

comment on table public.messages is
'Encrypted messages that wait for their destination. Who sent them is nowhere.';
comment on column public.messages.id is
'Number of the message, to which deliveries refer: its day and random bits. It orders the messages '
'of one destination by the day.';
comment on column public.messages.destination_phone is
'Where the message goes. No foreign key leads from it to users. Cannot be changed.';
comment on column public.messages.encrypted_content is 'The message, AES-GCM with nonce and tag.';
comment on column public.messages.message_id is
'Recognises a message that is sent again; unique over all destinations.';
comment on column public.messages."timestamp" is
'When the message was sent, as coarse as everything stored; the exact time is inside the '
'ciphertext.';
comment on column public.messages.created_at is 'When the row was stored.';
comment on column public.messages.expires_at is
'When the message must go, delivered or not: after one of thirteen lifetimes.';
comment on column public.messages.message_type is
'How the client is to treat the content: text, media, system and the like.';

comment on table public.messaging_public_keys is
'Each user''s published X25519 keys, signed by the user''s Ed25519 identity key.';
comment on column public.messaging_public_keys.id is 'Number of the published key, drawn at random.';
comment on column public.messaging_public_keys.user_id is 'The user whose key this is.';
comment on column public.messaging_public_keys.x25519_public_key is 'The key that others encrypt to.';
comment on column public.messaging_public_keys.ed25519_signature is
'Proves that the holder of the identity key published it.';
comment on column public.messaging_public_keys.ed25519_public_key is
'The identity key that verifies the signature.';
comment on column public.messaging_public_keys.key_version is 'Counts the user''s published keys.';
comment on column public.messaging_public_keys.created_at is 'When the key was published.';
comment on column public.messaging_public_keys.revoked_at is 'When the key was replaced or withdrawn.';
comment on column public.messaging_public_keys.is_active is 'Whether this is the key to encrypt to now.';

comment on table public.migration_journal is
'Which revisions were applied or reverted, and the checksum of the text that was.';
comment on column public.migration_journal.id is 'Order of recording.';
comment on column public.migration_journal.revision is 'The identifier of the revision.';
comment on column public.migration_journal.direction is
'Whether it was applied (up), reverted (down) or its changed text accepted.';
comment on column public.migration_journal.step is
'0 for the whole revision, else the number of the step that was done.';
comment on column public.migration_journal.algorithm is 'Version of the checksum''s algorithm.';
comment on column public.migration_journal.checksum is
'SHA-256 over the normalised text of the revision or step.';
comment on column public.migration_journal.recorded_at is 'When it was recorded.';

comment on table public.retention_runs is
'The ledger of the sweeps: what each run did, as counts and times, chained by hashes.';
comment on column public.retention_runs.id is 'Place in the chain; the numbers have no gap.';
comment on column public.retention_runs.run_id is 'The run that the row belongs to.';
comment on column public.retention_runs.phase is
'Whether the run started, has swept or settled one table, or finished; or a table was written anew.';
comment on column public.retention_runs.table_name is 'The table that was swept, or written anew.';
comment on column public.retention_runs.status is
'How it ended: done, partial, interrupted or failed; nothing while the run has only started.';
comment on column public.retention_runs.error_class is
'What went wrong, as an SQLSTATE or one word; never the text of an error.';
comment on column public.retention_runs.policy_hash is 'Hash of the policy that the run followed.';
comment on column public.retention_runs.cutoff is
'The database''s clock when the run started: what had expired by then was to go.';
comment on column public.retention_runs.clock_before is 'The database''s clock when the phase began.';
comment on column public.retention_runs.clock_after is 'The database''s clock when the row was written.';
comment on column public.retention_runs.deleted is 'How many rows were deleted.';
comment on column public.retention_runs.deactivated is 'How many rows were marked inactive.';
comment on column public.retention_runs.children is
'How many rows of other tables went with them by cascade.';
comment on column public.retention_runs.batches is 'In how many transactions.';
comment on column public.retention_runs.blocked is
'How many expired rows stayed because somebody else had locked them, or waited with settling.';
comment on column public.retention_runs.oldest_remaining is
'The oldest expiry that had passed and was still there at the end.';
comment on column public.retention_runs.anchor_id is
'The last row that was taken off the beginning of the ledger.';
comment on column public.retention_runs.anchor_hash is
'The hash of that row, with which the chain goes on.';
comment on column public.retention_runs.file_number is
'The number of the file that a table was written into anew.';
comment on column public.retention_runs.dropped_columns is
'The numbers of the columns that were dropped by then, and have no value in that file.';
comment on column public.retention_runs.previous_hash is 'The hash of the row before.';
comment on column public.retention_runs.row_hash is
'The hash of this row, with that of the row before in it.';
comment on column public.retention_runs.form is
'Which text the row''s hash is taken of: nothing as 0.1.0 wrote it, 2 with what follows here.';
comment on column public.retention_runs.version is
'The revision of the schema by which the row was written.';
comment on column public.retention_runs.schema_name is 'The schema that was swept.';
comment on column public.retention_runs.node is 'The system identifier of the cluster that was swept.';
comment on column public.retention_runs.settled is 'How many rows were written anew in random order.';
comment on column public.retention_runs.settled_until is
'Up to when the rows of a settled set had been written; the end of an hour, of six, or of a day.';

comment on table public.users is 'The people who can receive messages, each by one phone number.';
comment on column public.users.id is 'Number of the user, to which devices and keys refer.';
comment on column public.users.phone_number is
'Finds the devices of a destination. Cannot be changed: a number that moves to somebody else is '
'forgotten first.';
comment on column public.users.created_at is 'When the number was registered.';

comment on table public.webauthn_credentials is 'The devices of each user, by their WebAuthn credential.';
comment on column public.webauthn_credentials.id is
'Number of the device, to which deliveries and session keys refer.';
comment on column public.webauthn_credentials.user_id is
'The user whose device this is. Cannot be changed.';
comment on column public.webauthn_credentials.credential_id is
'The credential''s own identifier, by which the authenticator is addressed.';
comment on column public.webauthn_credentials.public_key is
'Verifies what the device signs when it logs in.';
comment on column public.webauthn_credentials.sign_count is
'The authenticator''s signature counter, which shows a cloned device.';
comment on column public.webauthn_credentials.created_at is 'When the device was registered.';
comment on column public.webauthn_credentials.is_active is
'Whether messages are still delivered to this device.';

comment on routine public.acknowledge is
'Notes what became of messages on a device: delivered, read or failed.';
comment on routine public.active_devices is
'Lists the active devices of a user, which a session key must be sealed for.';
comment on routine public.active_public_key is 'Looks up the messaging key of whoever has a phone number.';
comment on routine public.audit_canaries is 'Says for how long the canaries that stand have been due.';
comment on routine public.audit_columns is
'Lists the columns of the declared tables as they are; called by the functions below.';
comment on routine public.audit_content is
'Counts values that look like text, files or contacts where ciphertext or keys belong.';
comment on routine public.audit_declared is
'Says what the catalogue declares, of each column; called by the functions below.';
comment on routine public.audit_deliveries is
'Counts deliveries to a device that is not the destination''s own.';
comment on routine public.audit_identifiers is
'Counts identifiers that say when, in which order or by whom they were made.';
comment on routine public.audit_kept is
'Counts messages that were delivered everywhere and are older than the operator lets history grow.';
comment on routine public.audit_known_values is
'Writes the statement that reads what is stored about people; called by audit_matching_values.';
comment on routine public.audit_ledger is
'Counts the runs in the ledger of the sweeps, and the rows that do not follow from the one before.';
comment on routine public.audit_ledger_chain is
'Counts where the chain of the sweeps'' ledger is broken, from its beginning.';
comment on routine public.audit_lifetimes is
'Counts messages and session keys whose lifetime is none of the thirteen.';
comment on routine public.audit_matching_values is
'Counts values of ours where they do not belong, in our own columns and in other schemas.';
comment on routine public.audit_order is 'Counts how well the order of insertion can be read.';
comment on routine public.audit_other_columns is
'Lists the columns of other schemas that could hold it; called by audit_matching_values.';
comment on routine public.audit_overdue is 'Counts rows past their expiry and the grace.';
comment on routine public.audit_own_values is
'Writes the statement that looks for that in our own columns; called by audit_matching_values.';
comment on routine public.audit_project_declared is
'Says the same of a project''s own columns; empty until a revision of the project says more.';
comment on routine public.audit_public_keys is
'Gives published keys with their signatures, without owners, so that they can be verified.';
comment on routine public.audit_revision is 'Says which revision Alembic recorded.';
comment on routine public.audit_rewrites is
'Counts, for each dropped column, the receipts that its table''s file was written anew after the '
'drop.';
comment on routine public.audit_rows is
'Writes the part of a query that reads a bounded share of a table; called by the functions below.';
comment on routine public.audit_same_transaction is
'Counts transactions that wrote for a destination and for another user at once.';
comment on routine public.audit_sequence_ids is
'Counts ids that came from a sequence, and says how far each sequence has got.';
comment on routine public.audit_session_key_owners is 'Counts session keys on a device of another user.';
comment on routine public.audit_settled_order is
'Says how far the places of settled rows follow what was there before; numbers about sets, none of '
'a row.';
comment on routine public.audit_settling is
'Counts rows that should have settled, and rows of people and devices with a locker of before.';
comment on routine public.audit_shared_values is
'Counts, column by column, values that stand under more than one owner.';
comment on routine public.audit_sizes is 'Counts the different lengths of the ciphertexts.';
comment on routine public.audit_statistics is 'Counts values that the planner''s statistics keep.';
comment on routine public.audit_tables is
'Lists every table, how large it is, and why it is not read; called by the functions below.';
comment on routine public.audit_text is 'Fills the template of a statement; called by the functions below.';
comment on routine public.audit_times is
'Counts stored times that are finer than declared, lie ahead or before 2000.';
comment on routine public.audit_type is
'Says on which built-in type one rests; called by the functions below.';
comment on routine public.audit_whole is
'Says whether a table is small enough to be read whole; called by the functions below.';
comment on routine public.claim_ephemeral_key is
'Takes an ephemeral key exactly once, deleting it as it is returned.';
comment on routine public.deliver_to_destination_only is
'Refuses a delivery to a device of anybody but the destination.';
comment on routine public.device_session_keys_guard is
'Refuses a malformed session key, or one that changes hands or belongs to another user, and makes '
'times coarse.';
comment on routine public.ephemeral_keys_guard is
'Refuses a malformed ephemeral key or one of low order, without logging it, and makes times coarse.';
comment on routine public.fetch_messages is 'Gives a device the oldest messages that wait for it.';
comment on routine public.find_device is
'Finds the active device behind a WebAuthn credential, to let it sign in.';
comment on routine public.forget_phone_number is
'Erases a person: user, devices, keys, deliveries, and what waits for the number.';
comment on routine public.held_about_phone_number is
'Tells what is held about a phone number, for the person who asks: counts, ages and public keys.';
comment on routine public.lifetime is
'The next of thirteen lifetimes, for one of any length would be a mark.';
comment on routine public.message_deliveries_guard is
'Refuses a delivery that would move to another message or device, and makes times coarse.';
comment on routine public.messages_guard is
'Refuses a malformed message or one that changes its destination, without logging it, and makes '
'times coarse.';
comment on routine public.messaging_public_keys_guard is
'Refuses a malformed published key or one of low order, and makes times coarse.';
comment on routine public.new_delivery_id is 'Draws the number of a delivery: its day and random bits.';
comment on routine public.new_ephemeral_key_id is 'Draws the number of an ephemeral key at random.';
comment on routine public.new_message_id is 'Draws the number of a message: its day and random bits.';
comment on routine public.new_public_key_id is 'Draws the number of a published key at random.';
comment on routine public.new_session_key_id is 'Draws the number of a session key at random.';
comment on routine public.publish_ephemeral_key is 'Leaves an ephemeral key for a destination to claim.';
comment on routine public.publish_public_key is
'Publishes a user''s messaging key; the one before it is revoked in the same statement.';
comment on routine public.record_sign_count is
'Stores the counter of a sign-in, and tells when it has not grown.';
comment on routine public.refuse_time_zone is 'Refuses a write from a session whose TimeZone is not UTC.';
comment on routine public.register_device is 'Registers a device of a user by its WebAuthn credential.';
comment on routine public.register_person is
'Registers a phone number with its first device and messaging key in one call.';
comment on routine public.register_user is
'Registers a phone number; refuses, or forgets first, while rows of a former owner remain.';
comment on routine public.retention_append is
'Writes one row of the ledger so that it continues the chain.';
comment on routine public.retention_batch is
'Finds and deletes one bounded range of expired rows; part of the step.';
comment on routine public.retention_begin is
'Starts a sweep: takes the tables'' locks, writes the first receipt and returns the state that the '
'steps carry.';
comment on routine public.retention_canaries is
'Lists the canaries that are there, and when each has to go.';
comment on routine public.retention_children is
'Counts the rows that a cascade has taken in this transaction; part of the step.';
comment on routine public.retention_children_query is
'Asks for the rows that a cascade will take, on a server that keeps no counts; part of the step.';
comment on routine public.retention_due is
'Says when a row is due, as the expression of the index that the sweep walks; part of the step.';
comment on routine public.retention_entry is
'Begins a row of the ledger from the state of a sweep; part of the receipts.';
comment on routine public.retention_holders is 'Names who keeps deleted rows from being vacuumed away.';
comment on routine public.retention_knobs is
'What an operator decides about how long things stay: values and nothing else.';
comment on routine public.retention_ledger is 'Reads the ledger from a row on.';
comment on routine public.retention_ledger_tail is 'Reads the newest rows of the ledger.';
comment on routine public.retention_next_pass is
'Says in which way a table is walked next; part of the step.';
comment on routine public.retention_oldest is
'Finds the oldest expiry that has passed and is still there; part of the receipts.';
comment on routine public.retention_overdue is 'Counts what is due in each table, at constant cost.';
comment on routine public.retention_part is
'Gives one of several workers on a table its part of it, under a lock of that part.';
comment on routine public.retention_place is
'The name of a declared table as SQL writes it, of a project''s in another schema with that.';
comment on routine public.retention_plant is
'Leaves a canary in messages and ephemeral_keys for the next sweeps to remove; part of a sweep''s '
'end.';
comment on routine public.retention_policy is
'What the sweep does to each table; the catalogue''s retention, carried by the database.';
comment on routine public.retention_policy_hash is 'The hash of that policy, which every receipt carries.';
comment on routine public.retention_project_policy is
'What the sweep does to a project''s own tables; empty until a revision of the project says more.';
comment on routine public.retention_prune is
'Takes rows past their maximum age off the beginning of the ledger; part of the step.';
comment on routine public.retention_rewrite is
'Writes a table anew without its deleted rows and dropped columns, and appends the receipt.';
comment on routine public.retention_row_text is
'The text of a row of the ledger that its hash is taken of.';
comment on routine public.retention_runs_guard is
'Refuses whatever does not continue the ledger''s chain; a trigger.';
comment on routine public.retention_scattered is
'Says whether a table is better walked by place in the file than by expiry; part of the step.';
comment on routine public.retention_settle is
'Does one transaction of the settling with which a sweep ends; part of the step.';
comment on routine public.retention_settle_batch is
'Writes a set of rows anew in random order, with its receipt; part of the step.';
comment on routine public.retention_settle_rules is
'Says which rows of each table settle and how their times rise; part of the step.';
comment on routine public.retention_settle_targets is
'Says up to when a table is to be settled next, and which transactions settled it before; part of '
'the step.';
comment on routine public.retention_step is
'Does one transaction of a sweep: at most one batch, deleting or deactivating only what has '
'expired.';
comment on routine public.retention_stop is
'Ends a sweep and writes its last receipts: done, interrupted or failed.';
comment on routine public.retention_sweep is
'The whole sweep for a scheduler in the database, committing after each batch.';
comment on routine public.retention_swept is 'Writes the receipt of one table; part of the step.';
comment on routine public.retention_unlock is 'Gives back the locks of a sweep; part of its end.';
comment on routine public.retention_unsettled is
'Counts the rows that the next sweep will settle, for the plan.';
comment on routine public.revoke_device is
'Revokes a device: what waits for it goes, its session keys turn inactive.';
comment on routine public.rotate_session_key is
'Stores a new session key for all of a user''s devices; the old one turns inactive, loses its expiry '
'and stays.';
comment on routine public.send_message is
'Stores one message for a destination, with a delivery for each of its active devices.';
comment on routine public.send_messages is 'Stores a batch of messages from many senders in one call.';
comment on routine public.session_key_on_own_device is 'Refuses a session key on a device of another user.';
comment on routine public.session_keys is
'Gives a device the session keys sealed for it, old ones included.';
comment on routine public.users_guard is
'Refuses a malformed or changed phone number without logging it, and makes times coarse.';
comment on routine public.webauthn_credentials_guard is
'Refuses a malformed device or one that changes hands, and makes times coarse.';
