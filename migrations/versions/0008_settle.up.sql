-- Settle: rows are written anew in random order, with receipts of form 2.
--
-- New columns are empty in the rows there are, which stay of form 1; the new CHECKs read the ledger alone.
-- Functions change between two calls.
set local search_path = pg_catalog, pg_temp;

alter table public.retention_runs
add column form smallint,
add column version varchar(40),
add column schema_name varchar(63),
add column node varchar(40),
add column settled bigint,
add column settled_until timestamp without time zone,
drop constraint retention_runs_phase_known,
drop constraint retention_runs_table_named,
drop constraint retention_runs_words,
drop constraint retention_runs_counts_range,
add constraint retention_runs_phase_known check (
  phase in ('started', 'swept', 'settled', 'planted', 'finished', 'rewritten')
),
add constraint retention_runs_table_named check (
  (phase in ('swept', 'settled', 'planted', 'rewritten')) = (table_name is not null)
),
add constraint retention_runs_words check (
  table_name ~ '^[A-Za-z0-9_$]+$' and error_class ~ '^[A-Za-z0-9-]+$'
  and version ~ '^[A-Za-z0-9._,-]*$' and node ~ '^[0-9]*$' and schema_name !~ '[[:cntrl:]]'
),
add constraint retention_runs_counts_range check (
  least(deleted, deactivated, children, batches, blocked, settled) >= 0
),
add constraint retention_runs_form_known check (form = 2),
add constraint retention_runs_settled_whole check ((phase = 'settled') = (settled_until is not null));

-- Which transactions have settled a table is asked once an hour, up to when it is settled with every sweep.
create index idx_retention_runs_settled
on public.retention_runs (table_name, status, settled_until) where phase = 'settled';

-- Rows that are written anew leave their page; room in it would keep neighbours together.
alter table public.message_deliveries reset (fillfactor);

-- 501_retention_row_text.sql
-- What a row's hash is taken of: this very text, in UTF-8. A missing value is an empty one, and no value is
-- empty otherwise. Rows without a form are those that 0.1.0 wrote, of form 1, and keep the text
-- that they were hashed by.
create or replace function public.retention_row_text(entry public.retention_runs) returns text
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

-- 521_retention_append.sql
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
  entry.node := (select system_identifier from pg_control_system());
  entry.settled := coalesce(entry.settled, 0);
  entry.clock_after := clock_timestamp() at time zone 'utc';
  entry.row_hash := sha256(convert_to(public.retention_row_text(entry), 'UTF8'));
  insert into public.retention_runs select entry.*;
  return entry;
end
$$;

-- 530_retention_begin.sql
-- The start of a sweep. Its answer is the sweep's whole state, to be handed to retention_step again and
-- again, a transaction each, until `finished` is true in it. The numbers in it are for reading; that a row
-- has expired is decided by the step alone, whatever the state says.  most: no batch is larger. target_ms:
-- how long a batch should take; null keeps every batch at `most`. duty: the share of the time spent working.
-- rate: rows a second at most. patience_ms: how long, in the whole sweep, to wait for rows that others have
-- locked. tables: sweep these tables and no others. canary: leave a row that the next sweeps must remove.
create or replace function public.retention_begin(
  most integer default 5000,
  target_ms numeric default 1,
  duty numeric default 0.5,
  rate integer default null,
  patience_ms integer default 2000,
  tables text[] default null,
  canary boolean default false
) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  entry public.retention_runs;
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
  for swept in select * from public.retention_policy() loop
    continue when tables is not null and swept.table_name <> all (tables);
    foreach child in array swept.table_name || swept.children loop
      if to_regclass('public.' || quote_ident(child)) is null then
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
      hashtext('nosender.retention'), ('public.' || quote_ident(chosen[i]))::regclass::oid::integer
    );
    select pid into holder from pg_locks
    where
      locktype = 'advisory' and granted and pid <> pg_backend_pid()
      and database = (select oid from pg_database where datname = current_database())
      and classid = hashtext('nosender.retention')::bigint & 4294967295
      and objid = ('public.' || quote_ident(chosen[i]))::regclass::oid;
    perform public.retention_unlock(chosen[1 : i - 1]);
    raise exception 'another sweep of % is running (process %)', chosen[i], coalesce(holder::text, 'unknown')
      using errcode = 'lock_not_available';
  end loop;
  begin
    select clock_after into last_clock from public.retention_runs order by id desc limit 1;
    entry.run_id := gen_random_uuid();
    entry.phase := 'started';
    entry.policy_hash := public.retention_policy_hash();
    entry.cutoff := clock_timestamp() at time zone 'utc';
    entry.clock_before := entry.cutoff;
    entry.deleted := 0;
    entry.deactivated := 0;
    entry.children := 0;
    entry.batches := 0;
    entry.blocked := 0;
    entry := public.retention_append(entry);
  exception when others then
    perform public.retention_unlock(chosen);
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
    -- Settling needs the locks of all tables.
    'settling', tables is null, 'settled', 0, 'passed_over', 0,
    'pause_ms', 0, 'finished', false
  );
end
$$;

-- 550_retention_step.sql
-- One transaction of a sweep: a batch, or the receipt of a table that is done, or the end. It takes the state
-- that retention_begin or the step before returned and returns the next; the caller commits, sleeps for
-- `pause_ms` and calls again, until `finished`. The command line and the procedure are two such callers, and
-- nothing more.
--
-- The role that calls this may delete nothing by itself. It could hand in any state, so nothing here trusts
-- one: the cutoff is never later than the clock, the tables are the policy's, and each delete tests the
-- expiry.
create or replace function public.retention_step(state jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
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
  elsif name is null and (state ->> 'settling')::boolean then
    perform set_config('lock_timeout', greatest((state ->> 'patience_ms')::numeric, 1)::integer::text, true);
    state := public.retention_settle(state);
    took_ms := extract(epoch from clock_timestamp() - began) * 1000;
    pause_ms := took_ms * (1 - (state ->> 'duty')::numeric) / (state ->> 'duty')::numeric;
    return state || jsonb_build_object('took_ms', round(took_ms, 3), 'pause_ms', round(pause_ms, 3));
  elsif name is null then
    return public.retention_stop(state, 'done'::text, null::text);
  end if;
  select * into policy from public.retention_policy() where table_name = name;
  if not found then
    raise exception 'the retention policy does not name the table %', name using errcode = 'undefined_table';
  end if;
  if pass = 'begin' then
    pass := public.retention_next_pass(name, pass, false, cutoff);
    state := state || jsonb_build_object(
      'pass', pass, 'began', clock_timestamp()::timestamp, 'skip', false, 'left', false,
      'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0
    );
  end if;
  if pass = 'end' then
    return public.retention_swept(
      state, name, case when (state ->> 'blocked')::bigint > 0 then 'partial' else 'done' end, null::text
    );
  elsif pass = 'prune' then
    return public.retention_prune(state, name, policy.max_age);
  end if;

  -- A batch that is lost in a crash is deleted again by the next sweep: it need not wait for the disk. The
  -- receipt does, and with it everything before it.
  perform set_config('synchronous_commit', 'off', true);
  -- For whole tables that others hold; for their rows the batch itself is less patient.
  perform set_config('lock_timeout', greatest((state ->> 'patience_ms')::numeric, 1)::integer::text, true);
  began := clock_timestamp();
  state := public.retention_batch(state, name, cutoff);
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
      'pass', public.retention_next_pass(name, pass, (state ->> 'left')::boolean, cutoff)
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

-- 562_retention_stop.sql
-- End a sweep: `outcome` is done, interrupted or failed. What the table under way has lost so far gets its
-- receipt first, then the run its own, with the totals. The answer is the state with `finished` and `status`
-- set.
create or replace function public.retention_stop(state jsonb, outcome text, error_class text default null)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  entry public.retention_runs;
  name text := state #>> array['tables', state ->> 'at'];
begin
  if (state ->> 'finished')::boolean then
    return state;
  end if;
  if name is not null and (outcome = 'failed' or state ->> 'pass' <> 'begin') then
    state := public.retention_swept(state, name, outcome, error_class);
  end if;
  if outcome = 'done' and (state ->> 'canary')::boolean then
    perform public.retention_plant(state);
  end if;
  entry := public.retention_entry(state || (state -> 'total'));
  entry.phase := 'finished';
  entry.status := case
    when outcome <> 'done' then outcome
    when coalesce((state ->> 'partial')::boolean, false) or (state ->> 'clock_back')::boolean then 'partial'
    else 'done'
  end;
  entry.settled := (state ->> 'settled')::bigint;
  entry.error_class := case
    when outcome = 'done' and (state ->> 'clock_back')::boolean then 'clock-went-back'
    -- The old versions lie in the file until a vacuum, which is its owner's to run.
    when outcome = 'done' and entry.settled > 0 and (state ->> 'vacuumed')::boolean is not true
      then 'settled-not-vacuumed'
    else error_class
  end;
  entry := public.retention_append(entry);
  perform public.retention_unlock(array(select jsonb_array_elements_text(state -> 'tables')));
  return state || jsonb_build_object(
    'finished', true, 'status', entry.status, 'error_class', entry.error_class,
    'ledger_id', entry.id, 'ledger_hash', encode(entry.row_hash, 'hex'), 'clock_after', entry.clock_after
  );
end
$$;

-- 502_retention_settle_interval.sql
-- How long rows may keep the order in which they were written: at the first sweep after each full one of
-- these, what was written or touched in it is settled.
create function public.retention_settle_interval() returns interval
language sql immutable
set search_path = pg_catalog, pg_temp
as $$ select interval '1 hour' $$;

revoke all on function public.retention_settle_interval from public;
grant execute on function public.retention_settle_interval to nosender_sweeper, nosender_auditor;

-- 554_retention_settle_rules.sql
-- How each table is settled, as expressions over its row `r`. Parameters of all of them: $1 the transactions
-- of settles after which a row stays as it is, $2 those after which it rises to the next level, $3 up to when
-- the settle goes, $4 the midnight and $5 the beginning of the six hours before that.
--
-- Times rise with the age of the row: the hour in the six hours under way, the six hours today, then the day.
-- An expiry rises with them where the row lives for a day or longer; less would be lengthened out of measure.
-- A value stored out of line gets a new number only when it is computed anew, so each ends with an empty one.
create function public.retention_settle_rules()
returns table (
  table_name text,
  levels interval[],  -- a settled set joins those of the next level
  due text,           -- rows that the settle takes
  changes text
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with raised (name, text) as (
    select
      name,
      format(
        '%1$I = case when r.%1$I < $4 then date_trunc(''day'', r.%1$I) when r.%1$I < $5 then '
        'date_bin(''6 hours'', r.%1$I, ''2000-01-01'') else date_trunc(''hour'', r.%1$I) end', name
      )
    from unnest(array['created_at', 'timestamp', 'delivered_at', 'read_at']) as name
  ),
  expiry (text) as (
    select format(
      'expires_at = case when r.expires_at - r.created_at < interval ''1 day'' then r.expires_at '
      'when r.created_at < $4 then %1$s end',
      'date_bin(''1 day'', r.expires_at + interval ''23:59:59.999999'', ''2000-01-01'') '
      'when r.created_at < $5 then '
      'date_bin(''6 hours'', r.expires_at + interval ''05:59:59.999999'', ''2000-01-01'') else r.expires_at'
    )
  )
  values
  (
    'messages', array[interval '1 day', '6 hours', '1 hour'],
    'r.xmin <> all($1) and r.created_at < $3',
    concat_ws(
      ', ', (select text from raised where name = 'created_at'), (select text from raised where name = 'timestamp'),
      (select text from expiry), 'encrypted_content = r.encrypted_content || ''''::bytea'
    )
  ),
  (
    'message_deliveries', array[interval '1 day', '6 hours', '1 hour'],
    -- One that waits has no time of its own: it came with its message.
    format(
      'r.xmin <> all($1) and coalesce(r.read_at, r.delivered_at, '
      '(select m.created_at from %s as m where m.id = r.message_id)) < $3', 'public.messages'::regclass
    ),
    concat_ws(
      ', ', 'id = default', (select text from raised where name = 'delivered_at'),
      (select text from raised where name = 'read_at')
    )
  ),
  (
    'ephemeral_keys', array[interval '1 day', '6 hours', '1 hour'],
    'r.xmin <> all($1) and r.created_at < $3',
    concat_ws(', ', 'id = default', (select text from raised where name = 'created_at'))
  ),
  -- Keys are few and say most: all that was stored or touched today is one set, whatever the hour.
  (
    'device_session_keys', array[interval '1 day', '1 hour'],
    'r.xmin <> all($1) and r.created_at < $3',
    concat_ws(
      ', ', 'id = default', 'created_at = date_trunc(''day'', r.created_at)', (select text from expiry),
      'encrypted_session_key = r.encrypted_session_key || ''''::bytea'
    )
  ),
  (
    'messaging_public_keys', array[interval '1 day', '1 hour'],
    'r.xmin <> all($1) and greatest(r.created_at, r.revoked_at) < $3',
    'id = default, created_at = date_trunc(''day'', r.created_at), revoked_at = date_trunc(''day'', r.revoked_at)'
  ),
  -- Whoever locked the row of a person or a device last stays in it, until it is written anew. A version that
  -- a settle wrote names the settle itself.
  (
    'users', array[interval '1 day', '6 hours', '1 hour'],
    'r.xmax <> 0::text::xid and r.xmax <> r.xmin or r.xmin = any($2)',
    'created_at = r.created_at'
  ),
  (
    'webauthn_credentials', array[interval '1 day', '6 hours', '1 hour'],
    'r.xmax <> 0::text::xid and r.xmax <> r.xmin or r.xmin = any($2)',
    'created_at = r.created_at'
  )
$$;

revoke all on function public.retention_settle_rules from public;

-- 555_retention_settle_targets.sql
-- Up to when a table is to be settled, level by level; no row where it is settled for now. The receipt of a
-- settled set is written by the transaction that wrote the set, so the ledger's own rows say which
-- transactions those are: `settled` and `rising` are the parameters $1 and $2 of the rules. A row of any
-- other transaction has not settled, whoever wrote it.
create function public.retention_settle_targets(name text, levels interval[])
returns table (until timestamp, settled xid[], rising xid[], last_one boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  origin constant timestamp := '2000-01-01';
  level interval;
  reached timestamp;
  latest timestamp := date_bin(public.retention_settle_interval(), now() at time zone 'utc', origin);
begin
  select max(r.settled_until) into reached
  from public.retention_runs as r
  where r.phase = 'settled' and r.table_name = name and r.status = 'done';
  foreach level in array levels loop
    until := date_bin(greatest(level, public.retention_settle_interval()), latest, origin);
    continue when reached >= until;
    reached := until;
    last_one := until = latest;
    -- A table of two levels is one set a day: whatever is not of a whole day rises.
    level := case when cardinality(levels) = 2 then levels[1] else level end;
    select
      coalesce(array_agg(r.xmin) filter (where final), '{}'),
      coalesce(array_agg(r.xmin) filter (where not final), '{}')
    into settled, rising
    from public.retention_runs as r
    cross join lateral (
      select r.settled_until >= until or date_bin(level, r.settled_until, origin) = r.settled_until
    ) as e (final)
    where r.phase = 'settled' and r.table_name = name;
    return next;
  end loop;
end
$$;

revoke all on function public.retention_settle_targets from public;

-- 556_retention_settle_batch.sql
-- Writes rows anew in random order, and leaves a receipt in the same transaction: all that is due, or a
-- random sample of at most `most` of it. Each order is drawn by the server's strong generator.
--
-- The rows are locked first, and what others hold is passed over: it settles with the next set. The update
-- leads from the shuffled places to the rows: by any other plan they would be written in the order in which
-- they lie. No exception block may come in: what it writes has another transaction number.
create function public.retention_settle_batch(
  state jsonb, name text, until timestamp, settled xid[], rising xid[], last_one boolean, most bigint
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  entry public.retention_runs := public.retention_entry(state);
  home regclass := ('public.' || quote_ident(name))::regclass;
  rule record;
  midnight timestamp := date_trunc('day', until);
  sixth timestamp := date_bin('6 hours', until, timestamp '2000-01-01');
  places tid[];
  held tid[];
begin
  select * into strict rule from public.retention_settle_rules() where table_name = name;
  entry.clock_before := clock_timestamp() at time zone 'utc';
  perform set_config('enable_seqscan', 'on', true);
  execute format(
    'select array(select r.ctid from %s as r where %s order by gen_random_uuid() limit $6)', home, rule.due
  ) into places using settled, rising, until, midnight, sixth, most;
  perform set_config('enable_seqscan', 'off', true);
  -- The receipt of the last level says that the table was looked at; of the others it is that of a set.
  if cardinality(places) = 0 and not last_one then
    return null;
  end if;
  execute format(
    'select array(select r.ctid from %s as r where r.ctid = any($6) and (%s) for no key update skip locked)',
    home, rule.due
  ) into held using settled, rising, until, midnight, sixth, places;
  held := array(select place from unnest(held) as place order by gen_random_uuid());
  execute format(
    'update %s as r set %s from unnest($6) as chosen (place) where r.ctid = chosen.place', home, rule.changes
  ) using settled, rising, until, midnight, sixth, held;
  get diagnostics entry.settled = row_count;
  entry.phase := 'settled';
  entry.table_name := name;
  entry.settled_until := until;
  -- Where others hold every row of a sample, more samples would find the same.
  entry.status := case when cardinality(places) < most or entry.settled = 0 then 'done' else 'partial' end;
  entry.deleted := 0;
  entry.deactivated := 0;
  entry.children := 0;
  entry.batches := 1;
  entry.blocked := cardinality(places) - entry.settled;
  entry := public.retention_append(entry);
  return state || jsonb_build_object(
    'affected', entry.settled, 'settled', (state ->> 'settled')::bigint + entry.settled,
    'passed_over', (state ->> 'passed_over')::bigint + entry.blocked
  );
end
$$;

revoke all on function public.retention_settle_batch from public;

-- 557_retention_settle.sql
-- One transaction of the settling with which a sweep of all tables ends: one set of one table, or a random
-- part of it. Parts only where the caller says that another session of its own holds a snapshot meanwhile
-- (`held`): without one, what a part leaves behind is cleared by the next, whose rows then stay in their
-- pages, beside their neighbours.
create function public.retention_settle(state jsonb) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  target record;
  answer jsonb;
  most bigint := case when (state ->> 'held')::boolean then 20000 else 9223372036854775807 end;
begin
  for target in
    select r.table_name, t.until, t.settled, t.rising, t.last_one
    from public.retention_settle_rules() with ordinality as r (table_name, levels, due, changes, place)
    cross join lateral public.retention_settle_targets(r.table_name, r.levels) as t
    order by r.place, t.until
  loop
    answer := public.retention_settle_batch(
      state, target.table_name, target.until, target.settled, target.rising, target.last_one, most
    );
    if answer is not null then
      return answer;
    end if;
  end loop;
  return state || jsonb_build_object('settling', false, 'affected', 0, 'pause_ms', 0);
end
$$;

revoke all on function public.retention_settle from public;

-- 558_retention_unsettled.sql
-- How many rows of each table the next sweep will settle, how large they are with all that is dead among
-- them, and how many indexes have to follow. Reads the tables whole.
create function public.retention_unsettled()
returns table (table_name text, due bigint, bytes bigint, indexes bigint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  rule record;
  target record;
  home regclass;
  found_due bigint;
  everything bigint;
begin
  for rule in select * from public.retention_settle_rules() loop
    table_name := rule.table_name;
    home := ('public.' || quote_ident(table_name))::regclass;
    due := 0;
    bytes := 0;
    -- A row that is due up to one moment may be due up to the next as well, and settles once.
    for target in select * from public.retention_settle_targets(table_name, rule.levels) loop
      execute format('select count(*) filter (where %s), count(*) from %s as r', rule.due, home)
      into found_due, everything using
        target.settled, target.rising, target.until, date_trunc('day', target.until),
        date_bin('6 hours', target.until, timestamp '2000-01-01');
      due := greatest(due, found_due);
      bytes := pg_table_size(home)::numeric * due / greatest(everything, 1);
    end loop;
    indexes := (select count(*) from pg_index where indrelid = home);
    return next;
  end loop;
end
$$;

revoke all on function public.retention_unsettled from public;
grant execute on function public.retention_unsettled to nosender_sweeper, nosender_auditor;

-- 674_audit_settling.sql
-- Rows that should have settled: no settle of the ledger wrote them, though one that came to its end an hour
-- and the grace after theirs was over is newer than they are; where none did, though their own times say so.
-- Of people and devices, rows that somebody locked before such a settle. Tables above 256 pages are sampled.
create function public.audit_settling(grace interval)
returns table (table_name text, examined bigint, unsettled bigint, whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  moment text;
begin
  for table_name, moment in
    values
    ('messages', 'r.created_at'),
    (
      'message_deliveries',
      pg_catalog.format(
        'coalesce(r.read_at, r.delivered_at, (select m.created_at from only %s as m where m.id = r.message_id))',
        'public.messages'::regclass
      )
    ),
    ('ephemeral_keys', 'r.created_at'),
    ('device_session_keys', 'r.created_at'),
    ('messaging_public_keys', 'greatest(r.created_at, r.revoked_at)'),
    ('users', null),
    ('webauthn_credentials', null)
  loop
    whole := public.audit_whole(table_name, 256);
    execute pg_catalog.format(
      'with settles as materialized (
        select e.xmin as number, e.status, e.clock_after
        from only %1$s as e
        where e.phase = ''settled'' and e.table_name = $1
      ),
      latest as materialized (
        select pg_catalog.min(pg_catalog.age(s.number)) as age
        from settles as s
        where s.status = ''done'' and s.clock_after < (pg_catalog.now() at time zone ''utc'') - $2
      )
      select
        pg_catalog.count(*),
        pg_catalog.count(*) filter (
          where %2$s
        )
      from only %3$s as r %4$s',
      'public.retention_runs'::regclass,
      case
        when moment is null then
          'r.xmax <> ''0''::xid and r.xmax <> r.xmin and pg_catalog.age(r.xmax) between '
          '(select l.age from latest as l) and pg_catalog.age(r.xmin)'
        else pg_catalog.format(
          'r.xmin <> all (array(select s.number from settles as s)) and coalesce('
          'pg_catalog.age(r.xmin) > (select l.age from latest as l), '
          '%s < (pg_catalog.now() at time zone ''utc'') - $2)', moment
        )
      end,
      ('public.' || pg_catalog.quote_ident(table_name))::regclass,
      case when not whole then pg_catalog.format(
        'tablesample system (%s) repeatable (1)', pg_catalog.round(
          4000.0 * pg_catalog.current_setting('block_size')::numeric / pg_catalog.pg_relation_size(
            ('public.' || pg_catalog.quote_ident(table_name))::regclass
          )::numeric, 6
        )
      ) end
    ) into examined, unsettled using table_name, grace + interval '2 hours';
    return next;
  end loop;
end
$$;
revoke all on function public.audit_settling(interval) from public;
grant execute on function public.audit_settling(interval) to nosender_auditor;

comment on column public.retention_runs.phase is
'Whether the run started, has swept or settled one table, or finished; or a table was written anew.';
comment on column public.retention_runs.blocked is
'How many expired rows stayed because somebody else had locked them, or waited with settling.';
comment on column public.retention_runs.form is
'Which text the row''s hash is taken of: nothing as 0.1.0 wrote it, 2 with what follows here.';
comment on column public.retention_runs.version is
'The revision of the schema by which the row was written.';
comment on column public.retention_runs.schema_name is 'The schema that was swept.';
comment on column public.retention_runs.node is 'The system identifier of the cluster that was swept.';
comment on column public.retention_runs.settled is 'How many rows were written anew in random order.';
comment on column public.retention_runs.settled_until is
'Up to when the rows of a settled set had been written; the end of an hour, of six, or of a day.';
comment on routine public.audit_settling is
'Counts rows that should have settled, and rows of people and devices with a locker of before.';
comment on routine public.retention_settle is
'Does one transaction of the settling with which a sweep ends; part of the step.';
comment on routine public.retention_settle_batch is
'Writes a set of rows anew in random order, with its receipt; part of the step.';
comment on routine public.retention_settle_interval is
'How long rows may keep the order in which they were written, until they settle.';
comment on routine public.retention_settle_rules is
'Says which rows of each table settle and how their times rise; part of the step.';
comment on routine public.retention_settle_targets is
'Says up to when a table is to be settled next, and which transactions settled it before; part of '
'the step.';
comment on routine public.retention_unsettled is
'Counts the rows that the next sweep will settle, for the plan.';

-- What somebody's trigger, rule or policy keeps is told, and ends no sweep without a word.
create or replace function public.retention_batch(state jsonb, table_to_sweep text, cutoff timestamp)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  policy record;
  home regclass;
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
  kept boolean := false;  -- rows that were meant to go are still there
  skip boolean := coalesce((state ->> 'skip')::boolean, false);
  started timestamptz;
  patience text := current_setting('lock_timeout');
begin
  select * into strict policy from public.retention_policy() where table_name = table_to_sweep;
  home := ('public.' || quote_ident(policy.table_name))::regclass;
  deletes := policy.action = 'delete' or pass = 'age';
  oldest := cutoff - policy.max_age;
  moment := public.retention_due(policy.expires_column, policy.at_once);
  expired := format('%s <= (select $5)', moment);
  -- Values come as (select $n): as constants they would have the planner look for the ends of the index,
  -- through all the dead entries there.
  if policy.action = 'deactivate' and pass in ('keys', 'last') then
    -- The index holds no id, so among rows of one expiry there is no order to walk in: what is done leaves
    -- the index, and only the last pass, which must get past a row it cannot have, sorts.
    due := format('%I and %s', policy.flag, expired);
    slice := 'id = any($9)';
    bound := case when pass = 'last' then format(
      'select array_agg(id), max(%1$I), max(id), null::tid, count(*) from (select id, %1$I from %2$s
       where %3$s and (%1$I, id) > ((select $1), (select $2)) order by %1$I, id limit $8) as batch',
      policy.expires_column, home, due
    ) else format(
      'select array_agg(id), max(%1$I), null::bigint, null::tid, count(*) from (select id, %1$I from %2$s
       where %3$s and %1$I >= (select $1) order by %1$I limit $8 %4$s) as batch',
      policy.expires_column, home, due, case when skip then 'for update skip locked' end
    ) end;
  elsif pass in ('keys', 'last') then
    due := expired;
    slice := format(
      '(%1$s, id) > ((select $1), (select $2)) and (%1$s, id) <= ((select $3), (select $4))', moment
    );
    -- With `due`, though the slice says as much: without it no index of the rows that expire answers.
    bound := format(
      'select null::bigint[], %1$s, id, null::tid, $8 from %2$s
       where %3$s and %4$s order by %1$s, id offset $8 - 1 limit 1',
      moment, home, slice, due
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
      'select null::bigint[], null::timestamp, null::bigint, ctid, $8 from %s
       where %s and %s offset $8 - 1 limit 1',
      home, slice, due
    );
  end if;

  execute bound into ids, to_time, to_id, to_place, counted
  using last_time, last_id, until_time, until_id, cutoff, last_place, stretch, size, ids, oldest;
  exhausted := coalesce(counted, 0) < size;
  if exhausted and stretch is not null then
    to_place := stretch;
    exhausted := stretch = until_place or (stretch::text::point)[0] * current_setting('block_size')::bigint
      >= pg_relation_size(home);
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
        children_before := public.retention_children(policy.children);
      else
        execute public.retention_children_query(
          policy.table_name, policy.children, format('%s and %s', slice, due)
        )
        into children_before
        using last_time, last_id, to_time, to_id, cutoff, last_place, to_place, size, ids, oldest;
        children_before := -coalesce(children_before, 0);
      end if;
      started := clock_timestamp();
      execute format(
        case when deletes then 'delete from %1$s where %2$s and %3$s'
          else 'update %1$s set %4$I = false where %2$s and %3$s' end,
        home,
        case when again = 1 then slice else format(
          'id = any(array(select id from %s where %s and %s for update skip locked))',
          home, slice, due
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
          select string_agg(('public.' || quote_ident(each))::regclass::text, ', ')
          from unnest(policy.table_name || policy.children) as each
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

  -- Somebody's trigger or rule kept rows, or others changed them meanwhile. How many the last batch of a walk
  -- meant is not known: there one look says whether any of it stayed.
  if counted > 0 then
    kept := affected < counted;
  elsif counted is null then
    execute format('select exists (select from %s where %s and %s)', home, slice, due) into kept
    using last_time, last_id, to_time, to_id, cutoff, last_place, to_place, size, ids, oldest;
  end if;
  if kept then
    state := state || '{"left": true}'::jsonb;
    -- A walk by expiry alone would find the same rows for ever; the last pass has an order to get past them.
    exhausted := exhausted or (policy.action = 'deactivate' and pass = 'keys' and affected = 0);
  end if;

  return state || jsonb_build_object(
    'time', to_time, 'id', to_id, 'place', to_place, 'exhausted', exhausted, 'halved', false,
    'affected', affected,
    case when deletes then 'deleted' else 'deactivated' end,
    (state ->> case when deletes then 'deleted' else 'deactivated' end)::bigint + affected,
    'children', (state ->> 'children')::bigint
    + case when affected > 0 then public.retention_children(policy.children) - children_before else 0 end,
    'batches', (state ->> 'batches')::bigint + (affected > 0)::integer
  );
end
$$;

create or replace procedure public.retention_sweep(
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
  -- These types are looked up before the first statement runs, in whatever search_path the caller has.
  state pg_catalog.jsonb;
  failure pg_catalog.text;
  message pg_catalog.text;
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  perform pg_catalog.set_config('row_security', 'off', true);
  state := public.retention_begin(most, target_ms, duty, rate, patience_ms, tables, canary);
  commit;
  loop
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    -- A policy that would hide rows is an error, and never fewer rows.
    perform pg_catalog.set_config('row_security', 'off', true);
    exit when (state ->> 'finished')::boolean;
    begin
      perform pg_sleep((state ->> 'pause_ms')::numeric / 1000);
      state := public.retention_step(state);
    exception when query_canceled or others then
      get stacked diagnostics failure = returned_sqlstate, message = message_text;
      state := public.retention_stop(
        state, case failure when '57014' then 'interrupted' else 'failed' end, failure
      );
    end;
    commit;
  end loop;
  if failure is not null then
    raise exception 'the sweep failed, which its receipt says too: %', message using errcode = failure;
  end if;
end
$$;
