-- Append one row: `entry` holds what there is to say, and the chain's own columns are filled in here.
create function retention_append(entry retention_runs) returns retention_runs
language plpgsql
set search_path from current
as $$
begin
  perform pg_advisory_xact_lock(hashtext('nosender.retention_runs'), 'retention_runs'::regclass::oid::integer);
  select id + 1, row_hash into entry.id, entry.previous_hash from retention_runs order by id desc limit 1;
  entry.id := coalesce(entry.id, 1);
  entry.previous_hash := coalesce(entry.previous_hash, sha256('nosender.retention_runs/1'));
  entry.clock_after := clock_timestamp() at time zone 'utc';
  entry.row_hash := sha256(convert_to(retention_row_text(entry), 'UTF8'));
  insert into retention_runs select entry.*;
  return entry;
end
$$;

revoke all on function retention_append from public;
