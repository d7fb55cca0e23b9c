set search_path = pg_catalog, pg_temp;

-- What a row's hash is taken of: this very text, in UTF-8. A missing value is an empty one, and no value is
-- empty otherwise. Rows without a form are those that 0.1.0 wrote, of form 1, and keep the text
-- that they were hashed by.
create function public.retention_row_text(entry public.retention_runs) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select concat(
    'nosender.retention_runs/', coalesce(entry.form, 1), e'\n',
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
    case when entry.form > 1 then concat(
      'version=', entry.version, e'\n',
      'schema_name=', entry.schema_name, e'\n',
      'node=', entry.node, e'\n',
      'settled=', entry.settled, e'\n',
      'settled_until=', to_char(entry.settled_until, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n'
    ) end,
    'previous_hash=', encode(entry.previous_hash, 'hex'), e'\n'
  )
$$;

revoke all on table public.retention_runs from public;

revoke all on function public.retention_row_text from public;
