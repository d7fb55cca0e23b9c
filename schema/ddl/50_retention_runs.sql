-- The ledger of the sweeps: what each run was going to do, what it did to each table, and how it ended; and
-- which tables were written anew. It holds counts and times, never a value of a row that was deleted. Each
-- row holds the hash of the row before it, and the ids have no gap, so a row that is edited, removed, moved
-- or slipped in breaks the chain. docs/retention.md says how to recompute it.
create table retention_runs (
  id bigint primary key,
  run_id uuid not null,
  phase varchar(20) not null,
  table_name varchar(63),
  status varchar(20),
  error_class varchar(40),
  policy_hash bytea not null,
  cutoff timestamp without time zone not null,
  clock_before timestamp without time zone not null,
  clock_after timestamp without time zone not null,
  deleted bigint not null default 0,
  deactivated bigint not null default 0,
  children bigint not null default 0,
  batches bigint not null default 0,
  blocked bigint not null default 0,
  oldest_remaining timestamp without time zone,
  anchor_id bigint,
  anchor_hash bytea,
  file_number bigint,
  dropped_columns smallint[],
  previous_hash bytea not null,
  row_hash bytea not null,
  constraint retention_runs_phase_known check (
    phase in ('started', 'swept', 'planted', 'finished', 'rewritten')
  ),
  -- A run that has only started has no outcome yet; a crash leaves it so, for everybody to see.
  constraint retention_runs_status_present check ((phase = 'started') = (status is null)),
  constraint retention_runs_status_known check (status in ('done', 'partial', 'interrupted', 'failed')),
  constraint retention_runs_table_named check (
    (phase in ('swept', 'planted', 'rewritten')) = (table_name is not null)
  ),
  -- No text of an error, which can carry a row: its SQLSTATE, or a word of ours. No line break either, which
  -- the hash takes for the end of a field.
  constraint retention_runs_words check (
    table_name ~ '^[A-Za-z0-9_$]+$' and error_class ~ '^[A-Za-z0-9-]+$'
  ),
  constraint retention_runs_counts_range check (least(deleted, deactivated, children, batches, blocked) >= 0),
  constraint retention_runs_hash_lengths check (
    octet_length(policy_hash) = 32 and octet_length(previous_hash) = 32 and octet_length(row_hash) = 32
    and octet_length(anchor_hash) = 32
  ),
  constraint retention_runs_anchor_whole check ((anchor_id is null) = (anchor_hash is null)),
  constraint retention_runs_rewrite_whole check (
    (phase = 'rewritten') = (file_number is not null)
    and (phase = 'rewritten') = (dropped_columns is not null)
  )
);

-- What a row's hash is taken of: this very text, in UTF-8. A missing value is an empty one, and no value is
-- empty otherwise.
create function retention_row_text(entry retention_runs) returns text
language sql stable
set search_path from current
as $$
  select concat(
    'nosender.retention_runs/1', e'\n',
    'id=', entry.id, e'\n',
    'run_id=', entry.run_id, e'\n',
    'phase=', entry.phase, e'\n',
    'table_name=', entry.table_name, e'\n',
    'status=', entry.status, e'\n',
    'error_class=', entry.error_class, e'\n',
    'policy_hash=', encode(entry.policy_hash, 'hex'), e'\n',
    'cutoff=', to_char(entry.cutoff, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n',
    'clock_before=', to_char(entry.clock_before, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n',
    'clock_after=', to_char(entry.clock_after, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n',
    'deleted=', entry.deleted, e'\n',
    'deactivated=', entry.deactivated, e'\n',
    'children=', entry.children, e'\n',
    'batches=', entry.batches, e'\n',
    'blocked=', entry.blocked, e'\n',
    'oldest_remaining=', to_char(entry.oldest_remaining, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n',
    'anchor_id=', entry.anchor_id, e'\n',
    'anchor_hash=', encode(entry.anchor_hash, 'hex'), e'\n',
    'file_number=', entry.file_number, e'\n',
    'dropped_columns=', entry.dropped_columns, e'\n',
    'previous_hash=', encode(entry.previous_hash, 'hex'), e'\n'
  )
$$;

revoke all on table retention_runs from public;
revoke all on function retention_row_text from public;
