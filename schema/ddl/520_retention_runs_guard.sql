set search_path = pg_catalog, pg_temp;

-- The only way into the ledger: a row that continues the chain. Everything else is refused, whoever asks; who
-- switches the trigger off can still be found out by the chain.
create function public.retention_runs_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  tail public.retention_runs;
begin
  if tg_op = 'DELETE' then
    -- A later row says up to where old rows were taken off, and with which hash the chain goes on.
    if not exists (select from public.retention_runs where anchor_id >= old.id and id > anchor_id) then
      raise exception 'retention_runs is append-only: row % may not be deleted', old.id
        using errcode = 'restrict_violation';
    end if;
    return old;
  elsif tg_op <> 'INSERT' then
    raise exception 'retention_runs is append-only: % is refused', lower(tg_op)
      using errcode = 'restrict_violation';
  end if;
  perform pg_advisory_xact_lock(
    hashtext('nosender.retention_runs'), 'public.retention_runs'::regclass::oid::integer
  );
  select * into tail from public.retention_runs order by id desc limit 1;
  if new.id is distinct from coalesce(tail.id, 0) + 1
    or new.previous_hash is distinct from coalesce(tail.row_hash, sha256('nosender.retention_runs/1'))
    or new.row_hash is distinct from sha256(convert_to(public.retention_row_text(new), 'UTF8'))
  then
    raise exception 'retention_runs is a chain: the new row does not continue it'
      using errcode = 'restrict_violation';
  end if;
  if new.anchor_id is not null and not exists (
    select from public.retention_runs as entry, public.retention_policy() as policy
    where
      entry.id = new.anchor_id and entry.row_hash = new.anchor_hash
      and policy.table_name = 'retention_runs'
      and entry.clock_after <= (now() at time zone 'utc') - policy.max_age
  ) then
    raise exception 'retention_runs keeps its rows: the anchor is not a row past its maximum age'
      using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;

create trigger retention_runs_append_only
before insert or update or delete on public.retention_runs
for each row execute function public.retention_runs_guard();

create trigger retention_runs_no_truncate
before truncate on public.retention_runs
for each statement execute function public.retention_runs_guard();

revoke all on function public.retention_runs_guard from public;
