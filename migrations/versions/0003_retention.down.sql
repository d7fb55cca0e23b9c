-- Take back: Create the ledger of the sweeps and the functions that sweep.
drop function retention_append(entry retention_runs);
drop function retention_batch(state jsonb, table_to_sweep text, cutoff timestamp without time zone);
drop function retention_begin(
  most integer,
  target_ms numeric,
  duty numeric,
  rate integer,
  patience_ms integer,
  tables text[],
  canary boolean
);
drop function retention_canaries();
drop function retention_children(tables text[]);
drop function retention_children_query(parent text, tables text[], condition text);
drop function retention_due(expires_column text, at_once text);
drop function retention_entry(state jsonb);
drop function retention_holders();
drop function retention_ledger(after bigint, most integer);
drop function retention_ledger_tail(most integer);
drop function retention_next_pass(
  name text,
  pass text,
  rows_left boolean,
  cutoff timestamp without time zone
);
drop function retention_oldest(name text, cutoff timestamp without time zone);
drop function retention_overdue(most integer);
drop function retention_part(state jsonb, rows bigint);
drop function retention_plant(state jsonb);
drop function retention_policy();
drop function retention_policy_hash();
drop function retention_prune(state jsonb, name text, max_age interval);
drop function retention_rewrite(table_to_write text);
drop function retention_row_text(entry retention_runs);
drop function retention_scattered(name text, expires_column text, cutoff timestamp without time zone);
drop function retention_step(state jsonb);
drop function retention_stop(state jsonb, outcome text, error_class text);
drop procedure retention_sweep(
  in most integer,
  in target_ms numeric,
  in duty numeric,
  in rate integer,
  in patience_ms integer,
  in tables text[],
  in canary boolean
);
drop function retention_swept(state jsonb, name text, outcome text, error_class text);
drop function retention_unlock(tables text[]);
drop table
retention_runs;
drop function retention_runs_guard();
