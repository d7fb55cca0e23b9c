-- Create the ledger of the sweeps and the functions that sweep.

-- 50_retention_runs.sql
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

-- 51_retention_policy.sql
-- What the sweep does, table by table in this order. The catalogue says the same in retention/plan.py's words
-- and `nosender retention sweep` refuses to run where the two differ; the procedure, which cannot see the
-- catalogue, follows this alone. It is a function and not a table so that only a migration changes it.
create function retention_policy()
returns table (
  table_name text,
  expires_column text,   -- the row has expired once this moment has passed; NULL never expires
  action text,           -- delete, or deactivate: set the flag to false and keep the row
  flag text,
  at_once text,          -- a row where this is true goes with the next sweep
  max_age interval,      -- a row this much older than its max_age_column goes, unless its expiry lies ahead
  max_age_column text,
  children text[]        -- tables whose rows go with the row, by cascade
)
language sql immutable
set search_path from current
as $$
  values
  ('device_session_keys', 'expires_at', 'deactivate', 'is_active', null, null::interval, null, '{}'::text[]),
  ('ephemeral_keys', 'expires_at', 'delete', null, 'used', null, null, '{}'),
  ('messages', 'expires_at', 'delete', null, null, null, null, '{message_deliveries}'),
  ('retention_runs', null, 'delete', null, null, interval '400 days', 'clock_after', '{}')
$$;

-- The same as one hash, which every receipt carries. docs/retention.md gives the text that it is taken of.
create function retention_policy_hash() returns bytea
language sql stable
set search_path from current
as $$
  select sha256(convert_to(string_agg(
    concat_ws(
      '|', table_name, coalesce(expires_column, ''), action, coalesce(flag, ''), coalesce(at_once, ''),
      coalesce(extract(epoch from max_age)::bigint::text, ''), coalesce(max_age_column, ''),
      array_to_string(children, ',')
    ) || e'\n', '' order by place
  ), 'UTF8'))
  from retention_policy() with ordinality as policy (
    table_name, expires_column, action, flag, at_once, max_age, max_age_column, children, place
  )
$$;

-- When a row is due, as an expression that indexes know: at its expiry, or from the beginning of time where
-- it goes at once.
create function retention_due(expires_column text, at_once text) returns text
language sql immutable
set search_path from current
as $$
  select case
    when at_once is null then quote_ident(expires_column)
    else format(
      '(case when %I then ''-infinity''::timestamp without time zone else %I end)', at_once, expires_column
    )
  end
$$;

revoke all on function retention_policy, retention_policy_hash, retention_due from public;
grant execute on function retention_policy, retention_policy_hash to nosender_sweeper, nosender_auditor;

-- 52_retention_ledger.sql
-- The only way into the ledger: a row that continues the chain. Everything else is refused, whoever asks; who
-- switches the trigger off can still be found out by the chain.
create function retention_runs_guard() returns trigger
language plpgsql
set search_path from current
as $$
declare
  tail retention_runs;
begin
  if tg_op = 'DELETE' then
    -- A later row says up to where old rows were taken off, and with which hash the chain goes on.
    if not exists (select from retention_runs where anchor_id >= old.id and id > anchor_id) then
      raise exception 'retention_runs is append-only: row % may not be deleted', old.id
        using errcode = 'restrict_violation';
    end if;
    return old;
  elsif tg_op <> 'INSERT' then
    raise exception 'retention_runs is append-only: % is refused', lower(tg_op)
      using errcode = 'restrict_violation';
  end if;
  perform pg_advisory_xact_lock(hashtext('nosender.retention_runs'), 'retention_runs'::regclass::oid::integer);
  select * into tail from retention_runs order by id desc limit 1;
  if new.id is distinct from coalesce(tail.id, 0) + 1
    or new.previous_hash is distinct from coalesce(tail.row_hash, sha256('nosender.retention_runs/1'))
    or new.row_hash is distinct from sha256(convert_to(retention_row_text(new), 'UTF8'))
  then
    raise exception 'retention_runs is a chain: the new row does not continue it'
      using errcode = 'restrict_violation';
  end if;
  if new.anchor_id is not null and not exists (
    select from retention_runs as entry, retention_policy() as policy
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
before insert or update or delete on retention_runs
for each row execute function retention_runs_guard();

create trigger retention_runs_no_truncate
before truncate on retention_runs
for each statement execute function retention_runs_guard();

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

revoke all on function retention_runs_guard, retention_append from public;

-- 53_retention_begin.sql
-- The start of a sweep. Its answer is the sweep's whole state, to be handed to retention_step again and
-- again, a transaction each, until `finished` is true in it. The numbers in it are for reading; that a row
-- has expired is decided by the step alone, whatever the state says.  most: no batch is larger. target_ms:
-- how long a batch should take; null keeps every batch at `most`. duty: the share of the time spent working.
-- rate: rows a second at most. patience_ms: how long, in the whole sweep, to wait for rows that others have
-- locked. tables: sweep these tables and no others. canary: leave a row that the next sweeps must remove.
create function retention_begin(
  most integer default 5000,
  target_ms numeric default 1,
  duty numeric default 0.5,
  rate integer default null,
  patience_ms integer default 2000,
  tables text[] default null,
  canary boolean default false
) returns jsonb
language plpgsql security definer
set search_path from current
set timezone to 'UTC'
as $$
declare
  entry retention_runs;
  swept record;
  child text;
  last_clock timestamp;
  chosen text[] := '{}';
  holder integer;
begin
  if not (most >= 1 and duty > 0 and duty <= 1 and coalesce(target_ms, 1) > 0 and coalesce(rate, 1) >= 1
    and patience_ms >= 0)
  then
    raise exception 'a sweep needs most, target_ms and rate above 0, a duty above 0 and at most 1'
      using errcode = 'invalid_parameter_value';
  end if;
  for swept in select * from retention_policy() loop
    continue when tables is not null and swept.table_name <> all (tables);
    foreach child in array swept.table_name || swept.children loop
      if to_regclass(quote_ident(child)) is null then
        raise exception 'the table % of the retention policy does not exist', child
          using errcode = 'undefined_table';
      end if;
    end loop;
    chosen := chosen || swept.table_name;
  end loop;
  if cardinality(chosen) = 0 or cardinality(chosen) < cardinality(tables) then
    raise exception 'the retention policy does not name every table that was asked for'
      using errcode = 'invalid_parameter_value';
  end if;
  -- Locks of the session, because a sweep is many transactions; they end with it, however it ends.
  for i in 1 .. cardinality(chosen) loop
    continue when pg_try_advisory_lock(
      hashtext('nosender.retention'), quote_ident(chosen[i])::regclass::oid::integer
    );
    select pid into holder from pg_locks
    where
      locktype = 'advisory' and granted and pid <> pg_backend_pid()
      and database = (select oid from pg_database where datname = current_database())
      and classid = hashtext('nosender.retention')::bigint & 4294967295
      and objid = quote_ident(chosen[i])::regclass::oid;
    perform retention_unlock(chosen[1 : i - 1]);
    raise exception 'another sweep of % is running (process %)', chosen[i], coalesce(holder::text, 'unknown')
      using errcode = 'lock_not_available';
  end loop;
  begin
    select clock_after into last_clock from retention_runs order by id desc limit 1;
    entry.run_id := gen_random_uuid();
    entry.phase := 'started';
    entry.policy_hash := retention_policy_hash();
    entry.cutoff := clock_timestamp() at time zone 'utc';
    entry.clock_before := entry.cutoff;
    entry.deleted := 0;
    entry.deactivated := 0;
    entry.children := 0;
    entry.batches := 0;
    entry.blocked := 0;
    entry := retention_append(entry);
  exception when others then
    perform retention_unlock(chosen);
    raise;
  end;
  return jsonb_build_object(
    'run', entry.run_id, 'started', entry.id, 'cutoff', entry.cutoff, 'policy', encode(entry.policy_hash, 'hex'),
    -- Less is expired by a clock that went back, so nothing is lost; but what is overdue may be missed.
    'clock_back', coalesce(last_clock > entry.cutoff + interval '1 second', false),
    'most', most, 'size', case when target_ms is null then most else least(most, 200) end,
    'target_ms', target_ms, 'duty', duty, 'rate', rate, 'patience_ms', patience_ms,
    'canary', canary, 'tables', to_jsonb(chosen), 'at', 0, 'pass', 'begin', 'began', entry.clock_before,
    'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0,
    'total', jsonb_build_object('deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0),
    'pause_ms', 0, 'finished', false
  );
end
$$;

create function retention_unlock(tables text[]) returns void
language sql
set search_path from current
as $$
  select pg_advisory_unlock(hashtext('nosender.retention'), to_regclass(quote_ident(name))::oid::integer)
  from unnest(tables) as name
  where to_regclass(quote_ident(name)) is not null
$$;

revoke all on function retention_begin, retention_unlock from public;
grant execute on function retention_begin to nosender_sweeper;

-- 54_retention_batch.sql
-- One batch: takes the state of a sweep, deletes (or deactivates) at most `size` expired rows of one table,
-- and says in the state where the next batch goes on. Called by retention_step, in its rights.
--
-- A pass walks its rows once, in the order of an index or of the file, and never looks again at what lies
-- behind it: dead entries stay in an index while anybody holds an old snapshot, and a repeated `limit` would
-- read through all of them each time. Each pass finds the last row of its batch first and then deletes the
-- range by a plain condition on the expiry. That matters twice: it is the cheapest way, and when the sweep
-- has waited for somebody who moved a row's expiry, PostgreSQL tests the condition again on the new row, and
-- the row survives.
--
-- Passes: blocks (by place in the file, where expiry and place are unrelated), keys (by expiry and id), last
-- (keys again, for what was locked), age (by place, rows past a maximum age). A pass ends at `until_time` and
-- `until_id`, or at `until_place`, where the state has them: several workers then share a table.
create function retention_batch(state jsonb, table_to_sweep text, cutoff timestamp) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  policy record;
  pass text := state ->> 'pass';
  deletes boolean;  -- or else marks inactive
  size bigint := (state ->> 'size')::bigint;
  last_time timestamp := coalesce(state ->> 'time', '-infinity')::timestamp;
  last_id bigint := coalesce(state ->> 'id', '-9223372036854775808')::bigint;
  last_place tid := coalesce(state ->> 'place', '(0,0)')::tid;
  to_time timestamp;
  to_id bigint;
  until_time timestamp := least((state ->> 'until_time')::timestamp, cutoff);
  until_id bigint := case
    when (state ->> 'until_time')::timestamp <= cutoff then (state ->> 'until_id')::bigint
    else 9223372036854775807
  end;
  to_place tid;
  stretch tid;
  until_place tid := coalesce(state ->> 'until_place', '(4294967294,0)')::tid;
  ids bigint[];
  exhausted boolean;
  oldest timestamp;
  moment text;   -- when a row is due
  expired text;
  due text;      -- the condition under which a row may go, tested again on a row that was waited for
  slice text;    -- the rows of this batch, so far as their place in the walk says
  bound text;    -- finds the end of the batch
  counted bigint;
  children_before bigint := 0;
  affected bigint := 0;
  skip boolean := coalesce((state ->> 'skip')::boolean, false);
  started timestamptz;
  patience text := current_setting('lock_timeout');
begin
  select * into strict policy from retention_policy() where table_name = table_to_sweep;
  deletes := policy.action = 'delete' or pass = 'age';
  oldest := cutoff - policy.max_age;
  moment := retention_due(policy.expires_column, policy.at_once);
  expired := format('%s <= (select $5)', moment);
  -- Values come as (select $n): as constants they would have the planner look for the ends of the index,
  -- through all the dead entries there.
  if policy.action = 'deactivate' and pass in ('keys', 'last') then
    -- The index holds no id, so among rows of one expiry there is no order to walk in: what is done leaves
    -- the index, and only the last pass, which must get past a row it cannot have, sorts.
    due := format('%I and %s', policy.flag, expired);
    slice := 'id = any($9)';
    bound := case when pass = 'last' then format(
      'select array_agg(id), max(%1$I), max(id), null::tid, count(*) from (select id, %1$I from %2$I
       where %3$s and (%1$I, id) > ((select $1), (select $2)) order by %1$I, id limit $8) as batch',
      policy.expires_column, policy.table_name, due
    ) else format(
      'select array_agg(id), max(%1$I), null::bigint, null::tid, count(*) from (select id, %1$I from %2$I
       where %3$s and %1$I >= (select $1) order by %1$I limit $8 %4$s) as batch',
      policy.expires_column, policy.table_name, due, case when skip then 'for update skip locked' end
    ) end;
  elsif pass in ('keys', 'last') then
    due := expired;
    slice := format(
      '(%1$s, id) > ((select $1), (select $2)) and (%1$s, id) <= ((select $3), (select $4))', moment
    );
    -- With `due`, though the slice says as much: without it no index of the rows that expire answers.
    bound := format(
      'select null::bigint[], %1$s, id, null::tid, $8 from %2$I
       where %3$s and %4$s order by %1$s, id offset $8 - 1 limit 1',
      moment, policy.table_name, slice, due
    );
  else
    -- Inside coalesce no index answers it: these passes go by place and by nothing else.
    due := case
      when pass = 'blocks' then format('coalesce(%s, false)', expired)
      when policy.expires_column is null then format('coalesce(%I <= (select $10), false)', policy.max_age_column)
      else format('coalesce(%I <= (select $10), false) and coalesce(%s, true)', policy.max_age_column, expired)
    end;
    slice := 'ctid > $6 and ctid <= $7';
    -- At most so many blocks for a batch, or a stretch without expired rows would be read in one transaction.
    stretch := least(
      format('(%s,0)', least((last_place::text::point)[0] + greatest(size, 64), 4294967294)::bigint)::tid, until_place
    );
    bound := format(
      'select null::bigint[], null::timestamp, null::bigint, ctid, $8 from %I
       where %s and %s offset $8 - 1 limit 1',
      policy.table_name, slice, due
    );
  end if;

  execute bound into ids, to_time, to_id, to_place, counted
  using last_time, last_id, until_time, until_id, cutoff, last_place, stretch, size, ids, oldest;
  exhausted := coalesce(counted, 0) < size;
  if exhausted and stretch is not null then
    to_place := stretch;
    exhausted := stretch = until_place or (stretch::text::point)[0] * current_setting('block_size')::bigint
      >= pg_relation_size(quote_ident(policy.table_name)::regclass);
  elsif exhausted and ids is null and pass in ('keys', 'last') then
    to_time := until_time;
    to_id := until_id;
  end if;

  if not (pass = 'last' and size = 1) then
    perform set_config(
      'lock_timeout', greatest(coalesce((state ->> 'target_ms')::numeric, 0), 50)::integer::text, true
    );
  end if;
  <<attempt>>
  for again in 1 .. 2 loop
    exit attempt when counted = 0;
    begin
      if current_setting('track_counts')::boolean then
        children_before := retention_children(policy.children);
      else
        execute retention_children_query(policy.table_name, policy.children, format('%s and %s', slice, due))
        into children_before
        using last_time, last_id, to_time, to_id, cutoff, last_place, to_place, size, ids, oldest;
        children_before := -coalesce(children_before, 0);
      end if;
      started := clock_timestamp();
      execute format(
        case when deletes then 'delete from %1$I where %2$s and %3$s'
          else 'update %1$I set %4$I = false where %2$s and %3$s' end,
        policy.table_name,
        case when again = 1 then slice else format(
          'id = any(array(select id from %I where %s and %s for update skip locked))',
          policy.table_name, slice, due
        ) end,
        due, policy.flag
      ) using last_time, last_id, to_time, to_id, cutoff, last_place, to_place, size, ids, oldest;
      get diagnostics affected = row_count;
      exit attempt;
    exception when lock_not_available or deadlock_detected then
      affected := 0;
      if again = 1 then
        -- Somebody who holds a whole table makes the sweep fail, rather than seem to hold row after row.
        perform set_config('lock_timeout', patience, true);
        execute format('lock table %s in row exclusive mode', (
          select string_agg(quote_ident(each), ', ') from unnest(policy.table_name || policy.children) as each
        ));
        perform set_config('lock_timeout', '50', true);
      end if;
      state := state || jsonb_build_object('skip', true, 'left', true);
      if pass = 'last' then
        -- Halve until the locked row stands alone; wait for it as long as the sweep has patience; then go
        -- past.
        state := state || jsonb_build_object('patience_ms', greatest(
          0, (state ->> 'patience_ms')::numeric - extract(epoch from clock_timestamp() - started) * 1000
        ));
        if size > 1 then
          return state || jsonb_build_object('size', size / 2, 'halved', true);
        end if;
        state := state || jsonb_build_object('blocked', (state ->> 'blocked')::bigint + 1);
        exit attempt;
      end if;
    end;
  end loop;

  return state || jsonb_build_object(
    'time', to_time, 'id', to_id, 'place', to_place, 'exhausted', exhausted, 'halved', false,
    'affected', affected,
    case when deletes then 'deleted' else 'deactivated' end,
    (state ->> case when deletes then 'deleted' else 'deactivated' end)::bigint + affected,
    'children', (state ->> 'children')::bigint
    + case when affected > 0 then retention_children(policy.children) - children_before else 0 end,
    'batches', (state ->> 'batches')::bigint + (affected > 0)::integer
  );
end
$$;

-- Where the server keeps no counts: a query for the rows that refer to those of a batch.
create function retention_children_query(parent text, tables text[], condition text) returns text
language sql stable
set search_path from current
as $$
  select coalesce(
    'select sum(n) from (' || string_agg(
      format(
        'select count(*) as n from %I where %I in (select %I from %I where %s)',
        child, a.attname, p.attname, parent, condition
      ), ' union all '
    ) || ') as counted', 'select 0'
  )
  from unnest(tables) as child
  inner join pg_constraint as c
    on c.conrelid = quote_ident(child)::regclass and c.confrelid = quote_ident(parent)::regclass and c.contype = 'f'
  inner join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
  inner join pg_attribute as p on p.attrelid = c.confrelid and p.attnum = c.confkey[1]
$$;

-- How many rows this transaction has deleted from these tables, as PostgreSQL itself counts: the rows that a
-- cascade takes are counted nowhere else, and counting them by a query of their own would cost as much again.
create function retention_children(tables text[]) returns bigint
language sql volatile
set search_path from current
as $$
  select coalesce(sum(pg_stat_get_xact_tuples_deleted(quote_ident(name)::regclass)), 0)::bigint
  from unnest(tables) as name
$$;

revoke all on function retention_batch, retention_children, retention_children_query from public;

-- 55_retention_step.sql
-- One transaction of a sweep: a batch, or the receipt of a table that is done, or the end. It takes the state
-- that retention_begin or the step before returned and returns the next; the caller commits, sleeps for
-- `pause_ms` and calls again, until `finished`. The command line and the procedure are two such callers, and
-- nothing more.
--
-- The role that calls this may delete nothing by itself. It could hand in any state, so nothing here trusts
-- one: the cutoff is never later than the clock, the tables are the policy's, and each delete tests the
-- expiry.
create function retention_step(state jsonb) returns jsonb
language plpgsql security definer
set search_path from current
set timezone to 'UTC'
set lock_timeout to '0'
-- The walks are made for these indexes. Rows of one expiry in their thousands make the planner think of the
-- whole table instead, batch by batch.
set enable_seqscan to off
set enable_bitmapscan to off
set jit to off
as $$
declare
  cutoff timestamp := least((state ->> 'cutoff')::timestamp, now()::timestamp);
  began timestamptz := clock_timestamp();
  name text := state #>> array['tables', state ->> 'at'];
  pass text := state ->> 'pass';
  policy record;
  target_ms numeric := (state ->> 'target_ms')::numeric;
  took_ms numeric;
  rows_done bigint;
  next_size numeric;
  pause_ms numeric := 0;
begin
  if (state ->> 'finished')::boolean then
    return state;
  elsif name is null then
    return retention_stop(state, 'done', null);
  end if;
  select * into policy from retention_policy() where table_name = name;
  if not found then
    raise exception 'the retention policy does not name the table %', name using errcode = 'undefined_table';
  end if;
  if pass = 'begin' then
    pass := retention_next_pass(name, pass, false, cutoff);
    state := state || jsonb_build_object(
      'pass', pass, 'began', clock_timestamp()::timestamp, 'skip', false, 'left', false,
      'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0
    );
  end if;
  if pass = 'end' then
    return retention_swept(state, name, case when (state ->> 'blocked')::bigint > 0 then 'partial' else 'done' end);
  elsif pass = 'prune' then
    return retention_prune(state, name, policy.max_age);
  end if;

  -- A batch that is lost in a crash is deleted again by the next sweep: it need not wait for the disk. The
  -- receipt does, and with it everything before it.
  perform set_config('synchronous_commit', 'off', true);
  -- For whole tables that others hold; for their rows the batch itself is less patient.
  perform set_config('lock_timeout', greatest((state ->> 'patience_ms')::numeric, 1)::integer::text, true);
  began := clock_timestamp();
  state := retention_batch(state, name, cutoff);
  took_ms := greatest(extract(epoch from clock_timestamp() - began) * 1000, 0.01);
  rows_done := coalesce((state ->> 'affected')::bigint, 0);

  -- The size follows the time a batch took, at most by a factor of two; a small last batch says nothing.
  next_size := (state ->> 'size')::numeric;
  if target_ms is not null and not coalesce((state ->> 'halved')::boolean, false) and (
    rows_done >= next_size / 2 or took_ms > target_ms)
  then
    next_size := next_size * least(greatest(target_ms / took_ms, 0.5), 2);
  elsif target_ms is null and not coalesce((state ->> 'halved')::boolean, false) then
    next_size := (state ->> 'most')::numeric;
  end if;
  if not coalesce((state ->> 'halved')::boolean, false) then
    next_size := greatest(next_size, least(50, (state ->> 'most')::numeric));
  end if;
  pause_ms := took_ms * (1 - (state ->> 'duty')::numeric) / (state ->> 'duty')::numeric;
  if state ->> 'rate' is not null then
    pause_ms := greatest(pause_ms, rows_done * 1000.0 / (state ->> 'rate')::numeric - took_ms);
  end if;
  if (state ->> 'exhausted')::boolean and not coalesce((state ->> 'halved')::boolean, false) then
    state := state - array['time', 'id', 'place'] || jsonb_build_object(
      'pass', retention_next_pass(name, pass, (state ->> 'left')::boolean, cutoff)
    );
    pause_ms := case when rows_done = 0 then 0 else pause_ms end;
  end if;
  return state || jsonb_build_object(
    'size', least(next_size, (state ->> 'most')::numeric)::integer,
    'took_ms', round(took_ms, 3), 'pause_ms', round(pause_ms, 3),
    -- So that a caller whose connection breaks during the commit can ask what became of it.
    'transaction', pg_current_xact_id_if_assigned()::text
  );
end
$$;

-- A part of a table for one of several workers, each with a session of its own that calls this and then
-- retention_step until the pass has ended. The part begins where the state stands; without an end it gets
-- one, `rows` rows or blocks further on, or none where it is the last. Beside the lock of the table, which
-- the session of retention_begin holds, each part has one of its own (`part`, for the session to give back):
-- who takes over the part of a session that broke waits until that is gone, and its last transaction decided.
create function retention_part(state jsonb, rows bigint) returns jsonb
language plpgsql security definer
set search_path from current
set timezone to 'UTC'
set enable_seqscan to off
set enable_bitmapscan to off
set lock_timeout to '60s'  -- of a session that is gone; longer, and it is not
as $$
declare
  name text := state #>> array['tables', state ->> 'at'];
  policy record;
  home regclass;
  part integer;
  last_block bigint;
  to_time timestamp;
  to_id bigint;
begin
  select * into policy from retention_policy() where table_name = name;
  if not found or policy.action <> 'delete' or rows < 1 or state ->> 'pass' not in ('keys', 'blocks') then
    raise exception 'only a pass over a table whose rows are deleted can be shared'
      using errcode = 'invalid_parameter_value';
  end if;
  home := quote_ident(name)::regclass;
  part := hashtext(concat_ws(' ', home::oid, state ->> 'time', state ->> 'id', state ->> 'place'));
  perform pg_advisory_lock(hashtext('nosender.retention.part'), part);
  state := state || jsonb_build_object('part', part);
  if state ?| array['until_time', 'until_place'] then
    return state;
  elsif state ->> 'pass' = 'blocks' then
    last_block := (coalesce(state ->> 'place', '(0,0)')::point)[0]::bigint + rows;
    if last_block * current_setting('block_size')::bigint >= pg_relation_size(home) then
      return state;
    end if;
    return state || jsonb_build_object('until_place', format('(%s,0)', last_block));
  end if;
  execute format(
    'select %1$s, id from %2$I where (%1$s, id) > ((select $1), (select $2)) and %1$s <= (select $3)
     order by %1$s, id offset $4 - 1 limit 1',
    retention_due(policy.expires_column, policy.at_once), name
  ) into to_time, to_id
  using
    coalesce(state ->> 'time', '-infinity')::timestamp, coalesce((state ->> 'id')::bigint, 0),
    least((state ->> 'cutoff')::timestamp, now()::timestamp), rows;
  if to_id is null then
    return state;
  end if;
  return state || jsonb_build_object('until_time', to_time, 'until_id', to_id);
end
$$;

-- The pass after `pass` for this table: begin, blocks, keys, last, age, end; or prune for the ledger
-- itself. A table where nothing has expired is done at once, at the cost of one look into the index.
create function retention_next_pass(name text, pass text, rows_left boolean, cutoff timestamp) returns text
language plpgsql
set search_path from current
as $$
declare
  policy record;
begin
  select * into strict policy from retention_policy() where table_name = name;
  if name = 'retention_runs' then
    return case pass when 'begin' then 'prune' else 'end' end;
  elsif pass = 'begin' and retention_oldest(name, cutoff) is not null then
    return case
      when policy.action = 'delete' and retention_scattered(name, policy.expires_column, cutoff) then 'blocks'
      else 'keys'
    end;
  elsif pass in ('blocks', 'keys') and rows_left then
    return 'last';
  elsif pass in ('begin', 'blocks', 'keys', 'last') and policy.max_age is not null then
    return 'age';
  end if;
  return 'end';
end
$$;

-- Whether to walk by place in the file: worth it where every block has an expired row and neighbours in the
-- index are not neighbours in the file, for then the index leads to each block again and again. From what
-- ANALYZE left, so at constant cost.
create function retention_scattered(name text, expires_column text, cutoff timestamp) returns boolean
language plpgsql
set search_path from current
as $$
declare
  plan json;
  blocks bigint := pg_relation_size(quote_ident(name)::regclass) / current_setting('block_size')::bigint;
begin
  if blocks < 256 or not exists (
    select from pg_stats
    where
      schemaname = current_schema() and tablename = name and attname = expires_column
      and abs(correlation) < 0.9
  ) then
    return false;
  end if;
  execute format('explain (format json) select from %I where %I <= %L', name, expires_column, cutoff) into plan;
  return (plan #>> '{0,Plan,Plan Rows}')::numeric >= blocks;
end
$$;

revoke all on function retention_step, retention_part, retention_next_pass, retention_scattered from public;
grant execute on function retention_step, retention_part to nosender_sweeper;

-- 56_retention_receipts.sql
-- The receipts of a sweep: one row for each table, one for its end.
create function retention_swept(state jsonb, name text, outcome text, error_class text default null)
returns jsonb
language plpgsql
set search_path from current
as $$
declare
  entry retention_runs := retention_entry(state);
  total jsonb := state -> 'total';
  what text;
begin
  entry.phase := 'swept';
  entry.table_name := name;
  entry.status := outcome;
  entry.error_class := error_class;
  entry.clock_before := (state ->> 'began')::timestamp;
  -- A walk that ended has left nothing behind unless it met a lock, and looking would cost a page for each
  -- row that is gone. With a table gone there is nothing to look at, and the receipt has to say that too.
  if (outcome <> 'done' or (state ->> 'left')::boolean) and to_regclass(quote_ident(name)) is not null then
    entry.oldest_remaining := retention_oldest(name, entry.cutoff);
  end if;
  if outcome = 'done' and entry.oldest_remaining is not null then
    entry.status := 'partial';
  end if;
  foreach what in array array['deleted', 'deactivated', 'children', 'batches', 'blocked'] loop
    total := total || jsonb_build_object(what, (total ->> what)::bigint + (state ->> what)::bigint);
  end loop;
  entry := retention_append(entry);
  return state || jsonb_build_object(
    'total', total, 'at', (state ->> 'at')::integer + 1, 'pass', 'begin', 'affected', 0, 'pause_ms', 0,
    'partial', coalesce((state ->> 'partial')::boolean, false) or entry.status <> 'done',
    'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0
  );
end
$$;

-- A row of the ledger with what the state says of the table under way; of a run that has started, and under
-- its own policy and cutoff.
create function retention_entry(state jsonb) returns retention_runs
language plpgsql
set search_path from current
as $$
declare
  entry retention_runs;
begin
  select run_id, policy_hash, cutoff, clock_before
  into entry.run_id, entry.policy_hash, entry.cutoff, entry.clock_before
  from retention_runs
  where
    id = (state ->> 'started')::bigint and phase = 'started' and run_id = (state ->> 'run')::uuid
    and policy_hash = decode(state ->> 'policy', 'hex') and cutoff = (state ->> 'cutoff')::timestamp;
  if not found then
    raise exception 'no sweep of this state has started' using errcode = 'invalid_parameter_value';
  end if;
  entry.deleted := (state ->> 'deleted')::bigint;
  entry.deactivated := (state ->> 'deactivated')::bigint;
  entry.children := (state ->> 'children')::bigint;
  entry.batches := (state ->> 'batches')::bigint;
  entry.blocked := (state ->> 'blocked')::bigint;
  return entry;
end
$$;

-- End a sweep: `outcome` is done, interrupted or failed. What the table under way has lost so far gets its
-- receipt first, then the run its own, with the totals. The answer is the state with `finished` and `status`
-- set.
create function retention_stop(state jsonb, outcome text, error_class text default null) returns jsonb
language plpgsql security definer
set search_path from current
set timezone to 'UTC'
as $$
declare
  entry retention_runs;
  name text := state #>> array['tables', state ->> 'at'];
begin
  if (state ->> 'finished')::boolean then
    return state;
  end if;
  if name is not null and (outcome = 'failed' or state ->> 'pass' <> 'begin') then
    state := retention_swept(state, name, outcome, error_class);
  end if;
  if outcome = 'done' and (state ->> 'canary')::boolean then
    perform retention_plant(state);
  end if;
  entry := retention_entry(state || (state -> 'total'));
  entry.phase := 'finished';
  entry.status := case
    when outcome <> 'done' then outcome
    when coalesce((state ->> 'partial')::boolean, false) or (state ->> 'clock_back')::boolean then 'partial'
    else 'done'
  end;
  entry.error_class := case
    when outcome = 'done' and (state ->> 'clock_back')::boolean then 'clock-went-back' else error_class
  end;
  entry := retention_append(entry);
  perform retention_unlock(array(select jsonb_array_elements_text(state -> 'tables')));
  return state || jsonb_build_object(
    'finished', true, 'status', entry.status, 'error_class', entry.error_class,
    'ledger_id', entry.id, 'ledger_hash', encode(entry.row_hash, 'hex'), 'clock_after', entry.clock_after
  );
end
$$;

-- The oldest moment of a row that has expired by `cutoff` and is still there; from the index, at constant
-- cost.
create function retention_oldest(name text, cutoff timestamp) returns timestamp
language plpgsql
set search_path from current
as $$
declare
  policy record;
  oldest timestamp;
begin
  select * into strict policy from retention_policy() where table_name = name;
  if policy.expires_column is null then
    return null;
  end if;
  -- What goes at once may expire later; that it is there still is what counts.
  execute format(
    'select least(%1$I, $1) from %2$I where %3$s <= (select $1) and %4$s order by %3$s limit 1',
    policy.expires_column, name, retention_due(policy.expires_column, policy.at_once),
    coalesce(quote_ident(policy.flag), 'true')
  ) into oldest using cutoff;
  return oldest;
end
$$;

-- Shorten the ledger from its beginning, a bounded number of rows at a time: a receipt first says up to which
-- row, and with which hash the chain then goes on.
create function retention_prune(state jsonb, name text, max_age interval) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  entry retention_runs := retention_entry(state);
  first_id bigint;
  old boolean;
begin
  -- The first few rows tell whether there is anything to do; one of them may be from a clock that was ahead.
  select min(id), bool_or(clock_after <= now()::timestamp - max_age) into first_id, old
  from (select id, clock_after from retention_runs order by id limit 16) as first_rows;
  if old then
    select id, row_hash into entry.anchor_id, entry.anchor_hash
    from (select id, row_hash, clock_after from retention_runs order by id limit 10000) as beginning
    where clock_after <= now()::timestamp - max_age
    order by id desc limit 1;
  else
    return state || jsonb_build_object('at', (state ->> 'at')::integer + 1, 'pass', 'begin', 'affected', 0, 'pause_ms', 0);
  end if;
  entry.phase := 'swept';
  entry.table_name := name;
  entry.status := 'done';
  entry.clock_before := (state ->> 'began')::timestamp;
  entry.deleted := entry.anchor_id - first_id + 1;
  entry.batches := 1;
  entry := retention_append(entry);
  delete from retention_runs where id <= entry.anchor_id;
  return state || jsonb_build_object(
    'at', (state ->> 'at')::integer + 1, 'pass', 'begin', 'affected', 0, 'pause_ms', 0
  );
end
$$;

revoke all on function
retention_swept, retention_entry, retention_stop, retention_oldest, retention_prune
from public;
grant execute on function retention_stop to nosender_sweeper;

-- 57_retention_sweep.sql
-- The whole sweep for pg_cron or any other scheduler: `call retention_sweep()`, outside a transaction block.
-- It commits after each batch, so it may neither be SECURITY DEFINER nor carry settings; it runs in the
-- rights of its caller, which needs nothing but EXECUTE on it, retention_begin, retention_step and
-- retention_stop.
create procedure retention_sweep(
  most integer default 5000,
  target_ms numeric default 1,
  duty numeric default 0.5,
  rate integer default null,
  patience_ms integer default 2000,
  tables text[] default null,
  canary boolean default false
)
language plpgsql
as $$
declare
  context text;
  home text;
  state jsonb;
  next_state jsonb;
  failure text;
  message text;
begin
  -- Where this procedure lives: PostgreSQL names the schema exactly when the caller's search_path does not.
  get diagnostics context = pg_context;
  home := coalesce(substring(context from '((?:"(?:[^"]|"")+"|[^\s"]+)\.)retention_sweep\('), '');
  execute format('select %sretention_begin($1, $2, $3, $4, $5, $6, $7)', home) into state
  using most, target_ms, duty, rate, patience_ms, tables, canary;
  commit;
  while not (state ->> 'finished')::boolean loop
    begin
      perform pg_sleep((state ->> 'pause_ms')::numeric / 1000);
      execute format('select %sretention_step($1)', home) into next_state using state;
      state := next_state;
    exception when query_canceled or others then
      get stacked diagnostics failure = returned_sqlstate, message = message_text;
      execute format('select %sretention_stop($1, $2, $3)', home) into state
      using state, case failure when '57014' then 'interrupted' else 'failed' end, failure;
    end;
    commit;
  end loop;
  if failure is not null then
    raise exception 'the sweep failed, which its receipt says too: %', message using errcode = failure;
  end if;
end
$$;

revoke all on procedure retention_sweep from public;
grant execute on procedure retention_sweep to nosender_sweeper;

-- 58_retention_look.sql
-- What the sweeper and the auditor may look at: counts, times and the ledger, never a row of the tables.

-- Per table of the policy: how many rows are due and since when, at a cost that does not grow with the table.
-- It counts from the index as far as `most`, and says so when there are more; then the planner's estimate is
-- what there is to know.
create function retention_overdue(most integer default 10000)
returns table (table_name text, due bigint, more boolean, estimate bigint, oldest timestamp)
language plpgsql security definer
set search_path from current
set timezone to 'UTC'
set enable_seqscan to off
as $$
declare
  policy record;
  due_when text;
  plan json;
  cutoff timestamp := now();
begin
  for policy in select * from retention_policy() as each where each.expires_column is not null loop
    table_name := policy.table_name;
    due_when := format(
      '%s <= %L and %s', retention_due(policy.expires_column, policy.at_once), cutoff,
      coalesce(quote_ident(policy.flag), 'true')
    );
    execute format('select count(*) from (select from %I where %s limit %s) as due', table_name, due_when, most + 1)
    into due;
    more := due > most;
    due := least(due, most);
    estimate := due;
    if more then
      -- By the column itself: the planner keeps no statistics of the index's expression.
      execute format(
        'explain (format json) select from %I where %I <= %L and %s',
        table_name, policy.expires_column, cutoff, coalesce(quote_ident(policy.flag), 'true')
      ) into plan;
      estimate := greatest(due, (plan #>> '{0,Plan,Plan Rows}')::numeric::bigint);
    end if;
    oldest := retention_oldest(table_name, cutoff);
    return next;
  end loop;
end
$$;

-- The ledger from a row on, in order.
create function retention_ledger(after bigint default 0, most integer default null)
returns setof retention_runs
language sql stable security definer
set search_path from current
as $$
  select * from retention_runs where id > after order by id limit most
$$;

-- The newest rows of the ledger, newest first.
create function retention_ledger_tail(most integer default 1)
returns setof retention_runs
language sql stable security definer
set search_path from current
as $$
  select * from retention_runs order by id desc limit most
$$;

-- Who keeps old rows from being vacuumed away, oldest first: while they do, a sweep deletes but frees
-- nothing. What the owner of these functions may not see of other sessions is missing here, and `complete`
-- says so.
create function retention_holders()
returns table (kind text, name text, transactions bigint, seconds bigint, complete boolean)
language sql stable security definer
set search_path from current
as $$
  select
    held.kind, held.name, held.transactions::bigint, held.seconds::bigint,
    pg_has_role(current_user, 'pg_read_all_stats', 'usage') as complete
  from (
    select
      'session' as kind, 'process ' || pid as name, age(backend_xmin) as transactions,
      extract(epoch from clock_timestamp() - xact_start) as seconds
    from pg_stat_activity
    where backend_xmin is not null and pid <> pg_backend_pid() and backend_type = 'client backend'
    union all
    select
      'prepared transaction', 'transaction ' || transaction, age(transaction),
      extract(epoch from clock_timestamp() - prepared)
    from pg_prepared_xacts
    where database = current_database()
    union all
    select
      'replication slot', slot_name, greatest(age(xmin), age(catalog_xmin)), null
    from pg_replication_slots
    where xmin is not null or catalog_xmin is not null
  ) as held
  order by held.transactions desc, held.kind, held.name
$$;

revoke all on function
retention_overdue, retention_ledger, retention_ledger_tail, retention_holders
from public;
grant execute on function
retention_overdue, retention_ledger, retention_ledger_tail, retention_holders
to nosender_sweeper, nosender_auditor;

-- 59_retention_canary.sql
-- A sweep that has nothing to do looks like one that does nothing. So a sweep may leave canaries: a message
-- and an ephemeral key that expire with the hour and the quarter of an hour, which a later sweep has to
-- remove like any other. Nobody can have their number: no country has the code 999. One of each at a time, so
-- they stay bounded.
create function retention_plant(state jsonb) returns void
language plpgsql
set search_path from current
set timezone to 'UTC'
as $$
declare
  nobody constant text := '+999999999999999';
  noise constant bytea := decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
  entry retention_runs := retention_entry(state);
begin
  entry.phase := 'planted';
  entry.status := 'done';
  entry.deleted := 0;
  entry.deactivated := 0;
  entry.children := 0;
  entry.batches := 0;
  entry.blocked := 0;
  entry.clock_before := clock_timestamp();
  if not exists (select from messages where destination_phone = nobody) then
    insert into messages (destination_phone, encrypted_content, message_id, message_type, expires_at)
    values (nobody, noise, gen_random_uuid()::text, 'system', now())
    returning expires_at into entry.cutoff;
    entry.table_name := 'messages';
    perform retention_append(entry);
  end if;
  if not exists (select from ephemeral_keys where destination_phone = nobody) then
    insert into ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)
    values (nobody, sha256(noise), gen_random_uuid()::text, now())
    returning expires_at into entry.cutoff;
    entry.table_name := 'ephemeral_keys';
    perform retention_append(entry);
  end if;
end
$$;

-- The canaries that are there, and when each has to go.
create function retention_canaries()
returns table (table_name text, expires_at timestamp)
language sql stable security definer
set search_path from current
as $$
  select 'messages' as table_name, m.expires_at from messages as m
  where m.destination_phone = '+999999999999999'
  union all
  select 'ephemeral_keys' as table_name, e.expires_at from ephemeral_keys as e
  where e.destination_phone = '+999999999999999'
$$;

revoke all on function retention_plant, retention_canaries from public;
grant execute on function retention_canaries to nosender_sweeper, nosender_auditor;

-- 59_retention_rewrite.sql
-- Write a table anew, so that nothing of its deleted rows and dropped columns stays in its file, and say so
-- in the ledger in the same transaction: either both happened or neither.
--
-- The receipt holds the number of the new file and those of the columns that were dropped before. Both are
-- read under the lock that the rewrite holds, so no column can be dropped between. It vouches for that file
-- and those columns alone: PostgreSQL gives the number of a column to no other, and every rewrite, restore
-- or TRUNCATE makes another file.
--
-- CLUSTER, because VACUUM FULL may not run in a transaction; it leaves no other mark on the table.
create function retention_rewrite(table_to_write text) returns retention_runs
language plpgsql
set search_path from current
set timezone to 'UTC'
as $$
declare
  entry retention_runs;
  place regclass := to_regclass(quote_ident(table_to_write));
  order_before name;
begin
  -- A sweep writes to the ledger and to these tables in either order; so one of the two waits for the other
  -- here.
  perform pg_advisory_xact_lock(
    hashtext('nosender.retention'), to_regclass(quote_ident(table_name))::oid::integer
  )
  from retention_policy();
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
  entry.policy_hash := retention_policy_hash();
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
  return retention_append(entry);
end
$$;

revoke all on function retention_rewrite from public;
