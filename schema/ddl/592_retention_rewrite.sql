set search_path = pg_catalog, pg_temp;

-- Write a table anew, so that nothing of its deleted rows and dropped columns stays in its file, and say so
-- in the ledger in the same transaction: either both happened or neither.
--
-- The receipt holds the number of the new file and those of the columns that were dropped before. Both are
-- read under the lock that the rewrite holds, so no column can be dropped between. It vouches for that file
-- and those columns alone: PostgreSQL gives the number of a column to no other, and every rewrite, restore
-- or TRUNCATE makes another file.
--
-- CLUSTER, because VACUUM FULL may not run in a transaction; it leaves no other mark on the table.
create function public.retention_rewrite(table_to_write text) returns public.retention_runs
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  entry public.retention_runs;
  place regclass := to_regclass(public.retention_place(table_to_write));
  order_before name;
begin
  -- A sweep writes to the ledger and to these tables in either order; so one of the two waits for the other
  -- here.
  perform pg_advisory_xact_lock(
    hashtext('nosender.retention'), to_regclass(public.retention_place(table_name))::oid::integer
  )
  from public.retention_policy();
  entry.clock_before := clock_timestamp();
  execute format('lock table %s in access exclusive mode', place);
  select relname into order_before
  from pg_index inner join pg_class on oid = indexrelid
  where indrelid = place and indisclustered;
  execute format('cluster %s using %I', place, coalesce(order_before, (
    select relname from pg_index inner join pg_class on oid = indexrelid where indrelid = place and indisprimary
  )));
  if order_before is null then
    execute format('alter table %s set without cluster', place);
  end if;

  entry.run_id := gen_random_uuid();
  entry.phase := 'rewritten';
  entry.table_name := table_to_write;
  entry.status := 'done';
  entry.policy_hash := public.retention_policy_hash();
  entry.cutoff := entry.clock_before;
  entry.deleted := 0;
  entry.deactivated := 0;
  entry.children := 0;
  entry.batches := 0;
  entry.blocked := 0;
  entry.file_number := pg_relation_filenode(place);
  entry.dropped_columns := array(
    select attnum from pg_attribute where attrelid = place and attnum > 0 and attisdropped order by attnum
  );
  return public.retention_append(entry);
end
$$;

revoke all on function public.retention_rewrite from public;
