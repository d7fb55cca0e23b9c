set search_path = pg_catalog, pg_temp;

-- The ledger stays one table on the coordinator. Of what was done on a node a receipt names the node, and
-- that of a set the transaction there that wrote it, in `file_number`.
alter table public.retention_runs
drop constraint retention_runs_words,
add constraint retention_runs_words check (
  table_name ~ '^[A-Za-z0-9_$]+(\.[A-Za-z0-9_$]+)?$' and error_class ~ '^[A-Za-z0-9-]+$'
  and version ~ '^[A-Za-z0-9._,-]*$' and node ~ '^[0-9.]*$' and schema_name !~ '[[:cntrl:]]'
),
drop constraint retention_runs_rewrite_whole,
add constraint retention_runs_rewrite_whole check (
  (phase = 'rewritten') = (dropped_columns is not null)
  and case phase
    when 'rewritten' then file_number is not null
    when 'settled' then (file_number is not null) = (strpos(node, '.') > 0)
    else file_number is null
  end
);
