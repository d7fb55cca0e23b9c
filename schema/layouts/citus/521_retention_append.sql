set search_path = pg_catalog, pg_temp;

-- Append one row: `entry` holds what there is to say; the chain's own columns are filled in here, and where
-- it was written: the schema and its revision, and the cluster, which copies of it share.
create or replace function public.retention_append(entry public.retention_runs) returns public.retention_runs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(
    hashtext('nosender.retention_runs'), 'public.retention_runs'::regclass::oid::integer
  );
  select id + 1, row_hash into entry.id, entry.previous_hash
  from public.retention_runs order by id desc limit 1;
  entry.id := coalesce(entry.id, 1);
  entry.previous_hash := coalesce(entry.previous_hash, sha256('nosender.retention_runs/1'));
  entry.form := 2;
  entry.version := public.audit_revision();
  entry.schema_name := (
    select regexp_replace(nspname, '[[:cntrl:]]', '?', 'g') from pg_namespace where oid = 'public'::regnamespace
  );
  -- A receipt of what was done elsewhere says where.
  entry.node := coalesce(entry.node, (select system_identifier::text from pg_control_system()));
  entry.settled := coalesce(entry.settled, 0);
  entry.clock_after := clock_timestamp() at time zone 'utc';
  entry.row_hash := sha256(convert_to(public.retention_row_text(entry), 'UTF8'));
  insert into public.retention_runs select entry.*;
  return entry;
end
$$;

revoke all on function public.retention_append from public;
