set search_path = pg_catalog, pg_temp;

-- The ledger of the sweeps: what each run was going to do, what it did to each table, and how it ended; and
-- which tables were written anew. It holds counts and times, never a value of a row that was deleted. Each
-- row holds the hash of the row before it, and the ids have no gap, so a row that is edited, removed, moved
-- or slipped in breaks the chain. docs/retention.md says how to recompute it.
create table public.retention_runs (
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
  form smallint,
  version varchar(40),
  schema_name varchar(63),
  node varchar(40),
  settled bigint,
  settled_until timestamp without time zone,
  constraint retention_runs_phase_known check (
    phase in ('started', 'swept', 'settled', 'planted', 'finished', 'rewritten')
  ),
  -- A run that has only started has no outcome yet; a crash leaves it so, for everybody to see.
  constraint retention_runs_status_present check ((phase = 'started') = (status is null)),
  constraint retention_runs_status_known check (status in ('done', 'partial', 'interrupted', 'failed')),
  constraint retention_runs_table_named check (
    (phase in ('swept', 'settled', 'planted', 'rewritten')) = (table_name is not null)
  ),
  -- No text of an error, which can carry a row: its SQLSTATE, or a word of ours. No line break either, which
  -- the hash takes for the end of a field.
  constraint retention_runs_words check (
    table_name ~ '^[A-Za-z0-9_$]+(\.[A-Za-z0-9_$]+)?$' and error_class ~ '^[A-Za-z0-9-]+$'
    and version ~ '^[A-Za-z0-9._,-]*$' and node ~ '^[0-9]*$' and schema_name !~ '[[:cntrl:]]'
  ),
  constraint retention_runs_form_known check (form = 2),
  constraint retention_runs_settled_whole check ((phase = 'settled') = (settled_until is not null)),
  constraint retention_runs_counts_range check (
    least(deleted, deactivated, children, batches, blocked, settled) >= 0
  ),
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

-- Which transactions have settled a table is asked once an hour, up to when it is settled with every sweep.
create index idx_retention_runs_settled
on public.retention_runs (table_name, status, settled_until) where phase = 'settled';
