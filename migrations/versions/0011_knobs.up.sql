-- What an operator decides stands in retention_knobs, all of it, and what it decides follows.
set local search_path = pg_catalog, pg_temp;

-- Its answer has more columns.
drop function public.retention_knobs();
drop function public.retention_settle_interval();

-- 505_retention_knobs.sql
-- What an operator decides about how long things stay, as values and nothing else: what the other functions
-- do follows from them. A revision made it once; `nosender db upgrade` alone changes the values, by
-- nosender.toml, and whoever compares functions knows a body of this form for the declared one.  delivered:
-- keep, as the document has it, or delete: an acknowledgement deletes the delivery, and the last one the
-- message. history: the age at which a message delivered everywhere goes; messages, session_keys: the age at
-- which any goes whose expiry does not lie ahead; null: never. prekeys: how long an ephemeral key may wait to
-- be claimed. settle: how long rows may keep the order in which they were written.
create function public.retention_knobs()
returns table (
  delivered text,
  history interval,
  messages interval,
  session_keys interval,
  prekeys interval,
  settle interval
)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  values ('keep', null::interval, null::interval, null::interval, interval '30 days', interval '1 hour')
$$;

revoke all on function public.retention_knobs() from public;
grant execute on function public.retention_knobs() to nosender_sweeper, nosender_auditor;


-- Counters of session keys began at 0 for both sides of 0.1.0 and rose together, so equal ones joined two
-- people. Each such person's are shifted by one random number: their order stays, and each rotation still
-- adds one.
set local timezone to 'UTC';
with shifted as materialized (
  select
    k.user_id,
    uuid_hash_extended(gen_random_uuid(), 0) & 2147483647 as shift
  from public.device_session_keys as k
  group by k.user_id
  having min(k.key_rotation_counter) < 65536  -- a random start is as low once in 32,768 times
)

update public.device_session_keys as k
set key_rotation_counter = k.key_rotation_counter + s.shift
from shifted as s
where k.user_id = s.user_id;

-- 510_retention_policy.sql
-- What the sweep does, table by table in this order. The catalogue says the same in retention/plan.py's words
-- and `nosender retention sweep` refuses to run where the two differ; the procedure, which cannot see the
-- catalogue, follows this alone. It is a function and not a table so that only a migration changes it; the
-- ages that an operator decides come from retention_knobs.
create or replace function public.retention_policy()
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
set search_path = pg_catalog, pg_temp
as $$
  select policy.*
  from public.retention_knobs() as knobs
  cross join lateral (
    values
    (
      'device_session_keys', 'expires_at', 'deactivate', 'is_active', null, knobs.session_keys,
      case when knobs.session_keys is not null then 'created_at' end, '{}'::text[]
    ),
    ('ephemeral_keys', 'expires_at', 'delete', null, 'used', null, null, '{}'),
    (
      'messages', 'expires_at', 'delete', null, null, knobs.messages,
      case when knobs.messages is not null then 'created_at' end, '{message_deliveries}'
    ),
    ('retention_runs', null, 'delete', null, null, interval '400 days', 'clock_after', '{}')
  ) as policy
$$;

-- 511_retention_policy_hash.sql
-- The same as one hash, which every receipt carries. docs/retention.md gives the text that it is taken of.
create or replace function public.retention_policy_hash() returns bytea
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select sha256(convert_to(string_agg(
    concat_ws(
      '|', table_name, coalesce(expires_column, ''), action, coalesce(flag, ''), coalesce(at_once, ''),
      coalesce(extract(epoch from max_age)::bigint::text, ''), coalesce(max_age_column, ''),
      array_to_string(children, ',')
    ) || e'\n', '' order by place
  ) || (
    select concat_ws(
      '|', 'knobs', k.delivered, coalesce(extract(epoch from k.history)::bigint::text, ''),
      coalesce(extract(epoch from k.messages)::bigint::text, ''),
      coalesce(extract(epoch from k.session_keys)::bigint::text, ''),
      extract(epoch from k.prekeys)::bigint::text, extract(epoch from k.settle)::bigint::text
    ) || e'\n'
    from public.retention_knobs() as k
  ), 'UTF8'))
  from public.retention_policy() with ordinality as policy (
    table_name, expires_column, action, flag, at_once, max_age, max_age_column, children, place
  )
$$;

-- 540_retention_batch.sql
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
-- (keys again, for what was locked), age (by place, rows past a maximum age), history (the same of messages
-- that were delivered everywhere). A pass ends at `until_time` and `until_id`, or at `until_place`, where the
-- state has them: several workers then share a table.
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
  oldest := cutoff - case
    when pass = 'history' then (select k.history from public.retention_knobs() as k)
    else policy.max_age
  end;
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
      when pass = 'history' then case when policy.table_name = 'messages' then format(
        'coalesce(created_at <= (select $10), false) and not exists (select from %s as d '
        'where d.message_id = messages.id and d.delivery_status <> ''delivered'')',
        'public.message_deliveries'::regclass
      ) else 'false' end
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

-- 552_retention_next_pass.sql
-- The pass after `pass` for this table: begin, blocks, keys, last, age, history, end; or prune for the ledger
-- itself. A table where nothing has expired is done at once, at the cost of one look into the index.
create or replace function public.retention_next_pass(
  name text, pass text, rows_left boolean, cutoff timestamp
)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  policy record;
begin
  select * into strict policy from public.retention_policy() where table_name = name;
  if name = 'retention_runs' then
    return case pass when 'begin' then 'prune' else 'end' end;
  elsif pass = 'begin' and public.retention_oldest(name, cutoff) is not null then
    return case
      when policy.action = 'delete' and public.retention_scattered(name, policy.expires_column, cutoff)
        then 'blocks'
      else 'keys'
    end;
  elsif pass in ('blocks', 'keys') and rows_left then
    return 'last';
  elsif pass in ('begin', 'blocks', 'keys', 'last') and policy.max_age is not null then
    return 'age';
  elsif
    pass <> 'history' and name = 'messages'
    and (select k.history from public.retention_knobs() as k) is not null
  then
    return 'history';
  end if;
  return 'end';
end
$$;

-- 555_retention_settle_targets.sql
-- Up to when a table is to be settled, level by level; no row where it is settled for now. The receipt of a
-- settled set is written by the transaction that wrote the set, so the ledger's own rows say which
-- transactions those are: `settled` and `rising` are the parameters $1 and $2 of the rules. A row of any
-- other transaction has not settled, whoever wrote it.
create or replace function public.retention_settle_targets(name text, levels interval[])
returns table (until timestamp, settled xid[], rising xid[], last_one boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  origin constant timestamp := '2000-01-01';
  level interval;
  reached timestamp;
  settle constant interval := (select k.settle from public.retention_knobs() as k);
  latest timestamp := date_bin(settle, now() at time zone 'utc', origin);
begin
  select max(r.settled_until) into reached
  from public.retention_runs as r
  where r.phase = 'settled' and r.table_name = name and r.status = 'done';
  foreach level in array levels loop
    until := date_bin(greatest(level, settle), latest, origin);
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

-- 671_audit_overdue.sql
-- What stands longer than its expiry and the grace allow, by each promise of the policy. Reads the ends of
-- indexes: at most a thousand rows of each kind are counted, and `seconds` is how far the oldest is past its
-- expiry, without the grace.
create or replace function public.audit_overdue(grace interval)
returns table (table_name text, column_name text, overdue bigint, seconds bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC'
as $$
declare
  part record;
begin
  for part in
    with promised as (
      select
        p.*,
        ('public.' || pg_catalog.quote_ident(p.table_name))::regclass as home,
        -- As the sweep's index has it: what goes at once first, then by expiry.
        case
          when p.at_once is null then 'r.' || pg_catalog.quote_ident(p.expires_column)
          else pg_catalog.format(
            'case when r.%I then ''-infinity''::timestamp without time zone else r.%I end',
            p.at_once, p.expires_column
          )
        end as first_due,
        (
          select pg_catalog.array_agg(array[d.column_name, d.resolution::text])
          from public.audit_declared() as d
          where d.table_name = p.table_name and d.class = 'time' and d.resolution is not null
        ) as times
      from public.retention_policy() as p
    ),
    late as (
      select
        p.table_name, p.expires_column as attribute,
        pg_catalog.format('r.%I', p.expires_column) as since,
        pg_catalog.format(
          '%s and %s < {limit} and r.%I < {limit}',
          case when p.flag is null then 'true' else pg_catalog.format('r.%I', p.flag) end,
          p.first_due, p.expires_column
        ) as condition,
        p.first_due as sorted,
        'only ' || p.home as from_item
      from promised as p
      where p.expires_column is not null
      union all
      -- When it was used is not stored; it was created before, at the latest at the end of its hour.
      select
        p.table_name, p.at_once,
        pg_catalog.format('r.%I + %L::interval', p.times[1][1], p.times[1][2]),
        pg_catalog.format(
          '%s <= ''-infinity''::timestamp and r.%I and r.%I + %L::interval < {limit}',
          p.first_due, p.at_once, p.times[1][1], p.times[1][2]
        ),
        p.first_due,
        'only ' || p.home
      from promised as p
      where p.at_once is not null and p.times is not null
      union all
      -- There is no index by age: the first rows of the table.
      select
        p.table_name, p.max_age_column,
        pg_catalog.format('r.%I + %L::interval', p.max_age_column, p.max_age),
        pg_catalog.format(
          'r.%I + %L::interval < {limit} and %s', p.max_age_column, p.max_age,
          case when p.expires_column is null then 'true'
            else pg_catalog.format('coalesce(r.%I < {limit}, true)', p.expires_column) end
        ),
        pg_catalog.format('r.%I + %L::interval', p.max_age_column, p.max_age),
        '(select * from only ' || p.home || ' limit 1000)'
      from promised as p
      where p.max_age is not null
    )
    select pg_catalog.jsonb_build_object(
      'table', pg_catalog.quote_literal(l.table_name),
      'name', pg_catalog.quote_literal(l.attribute),
      'since', l.since,
      'rows', l.from_item,
      'condition', public.audit_text(l.condition, given.parts),
      'sorted', l.sorted
    ) as parts
    from late as l
    cross join (
      select pg_catalog.jsonb_build_object('limit', pg_catalog.format(
        '(pg_catalog.now() at time zone ''utc'') - %L::interval', grace
      )) as parts
    ) as given
  loop
    return query execute public.audit_text(
      $late$
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(late.since) as overdue,
          coalesce(extract(
            epoch from (pg_catalog.now() at time zone 'utc') - pg_catalog.min(late.since)
          )::bigint, 0::bigint) as seconds
        from (
          select {since} as since
          from {rows} as r
          where {condition}
          order by {sorted}
          limit 1000
        ) as late
      $late$,
      part.parts
    );
  end loop;
end
$$;

-- 674_audit_settling.sql
-- Rows that should have settled: no settle of the ledger wrote them, though one that came to its end an hour,
-- the `settle` of retention_knobs and the grace ago is newer than they are; where none did, though their own
-- times say so. Of people and devices, rows that somebody locked before such a settle. Tables above 256 pages
-- are sampled.
create or replace function public.audit_settling(grace interval)
returns table (table_name text, examined bigint, unsettled bigint, whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  moment text;
  allowed constant interval := grace + interval '1 hour'
    + (select k.settle from public.retention_knobs() as k);
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
    ) into examined, unsettled using table_name, allowed;
    return next;
  end loop;
end
$$;

-- 664_audit_sequence_ids.sql
-- Ids that came from a sequence, which keep the order of insertion: by value form. `drawn`: of messages and
-- deliveries, those whose day is none on which a default could have drawn them; of the others, those that the
-- sequence has given out, with `reach`, how far it has got: where it never gave any, none. The sequences are
-- there for who writes without the functions; no default of ours draws from them. Tables above 256 pages are
-- sampled. The audit of somebody who may read the tables runs this very text.
create function public.audit_sequence_ids()
returns table (table_name text, examined bigint, drawn bigint, reach bigint, whole boolean)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC'
as $$
  with pages (place, table_name, share, reach) as (
    select
      t.place,
      t.table_name,
      least(100, 25600.0 * pg_catalog.current_setting('block_size')::numeric / greatest(
        pg_catalog.pg_relation_size(t.home), 1
      )),
      coalesce(pg_catalog.pg_sequence_last_value(
        pg_catalog.pg_get_serial_sequence(t.home::text, 'id')::regclass
      ), 0)
    from (
      values
      (1, 'messages', 'public.messages'::regclass),
      (2, 'message_deliveries', 'public.message_deliveries'::regclass),
      (3, 'device_session_keys', 'public.device_session_keys'::regclass),
      (4, 'ephemeral_keys', 'public.ephemeral_keys'::regclass),
      (5, 'messaging_public_keys', 'public.messaging_public_keys'::regclass)
    ) as t (place, table_name, home)
  ),
  days (first, last) as (
    -- 2026, in which the first default drew a number, and tomorrow.
    select date '2026-01-01' - date '2020-01-01', (pg_catalog.now() at time zone 'utc')::date - date '2020-01-01' + 1
  ),
  counted (place, examined, drawn) as (
    select 1, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id >> 39 not between d.first and d.last)
    from only public.messages as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 1)) repeatable (1)
    cross join days as d
    union all
    select 2, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id >> 39 not between d.first and d.last)
    from only public.message_deliveries as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 2)) repeatable (1)
    cross join days as d
    union all
    select 3, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id <= p.reach)
    from only public.device_session_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 3)) repeatable (1)
    cross join (select p.reach from pages as p where p.place = 3) as p
    union all
    select 4, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id <= p.reach)
    from only public.ephemeral_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 4)) repeatable (1)
    cross join (select p.reach from pages as p where p.place = 4) as p
    union all
    select 5, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id <= p.reach)
    from only public.messaging_public_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 5)) repeatable (1)
    cross join (select p.reach from pages as p where p.place = 5) as p
  )
  select
    p.table_name,
    c.examined,
    c.drawn,
    p.reach,
    p.share >= 100 as whole
  from counted as c
  inner join pages as p on c.place = p.place
$$;

revoke all on function public.audit_sequence_ids() from public;
grant execute on function public.audit_sequence_ids() to nosender_auditor;

-- 675_audit_kept.sql
-- Messages that no delivery waits for and that are older than `history` of retention_knobs and the grace
-- allow: of the first 10,000 of the table at most a thousand are counted, and `seconds` is how far the oldest
-- is past its age. No row where history is off.
create function public.audit_kept(grace interval) returns table (kept bigint, seconds bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC'
as $$
declare
  history constant interval := (select k.history from public.retention_knobs() as k);
begin
  if history is null then
    return;
  end if;
  return query execute public.audit_text(
    $kept$
      select
        pg_catalog.count(*) as kept,
        coalesce(extract(
          epoch from (pg_catalog.now() at time zone 'utc') - pg_catalog.min(late.since)
        )::bigint, 0::bigint) as seconds
      from (
        select r.created_at + {history}::interval as since
        from (select * from only {messages} limit 10000) as r
        where
          r.created_at + {history}::interval < (pg_catalog.now() at time zone 'utc') - {grace}::interval
          and not exists (
            select 1 from only {deliveries} as d
            where d.message_id = r.id and d.delivery_status::text <> 'delivered'
          )
        limit 1000
      ) as late
    $kept$,
    pg_catalog.jsonb_build_object(
      'history', pg_catalog.quote_literal(history),
      'grace', pg_catalog.quote_literal(grace),
      'messages', 'public.messages'::regclass,
      'deliveries', 'public.message_deliveries'::regclass
    )
  );
end
$$;

revoke all on function public.audit_kept(interval) from public;
grant execute on function public.audit_kept(interval) to nosender_auditor;

-- 665_audit_settled_order.sql
-- Whether the places of settled rows still follow what was there before: in each settled set of a hundred
-- rows and more, how the place in the file correlates with a number that the settle did not draw. Written in
-- random order, the places are a random permutation, and r * sqrt(n - 1) is a standard normal number
-- whatever the values are; `score` is the greatest of all sets. A delivery is held against the place of its
-- message: each table is shuffled by itself. Tables above 256 pages are sampled. The audit of somebody who
-- may read the tables runs this very text.
create function public.audit_settled_order()
returns table (table_name text, column_name text, sets bigint, examined bigint, score double precision)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  with settles as materialized (
    select
      e.table_name::text as table_name,
      e.xmin as number
    from only public.retention_runs as e
    where e.phase::text = 'settled' and e.settled >= 100
  ),
  pages (table_name, share) as (
    select
      t.table_name,
      least(100, 25600.0 * pg_catalog.current_setting('block_size')::numeric / greatest(
        pg_catalog.pg_relation_size(t.home), 1
      ))
    from (
      values
      ('messages', 'public.messages'::regclass),
      ('message_deliveries', 'public.message_deliveries'::regclass),
      ('device_session_keys', 'public.device_session_keys'::regclass),
      ('messaging_public_keys', 'public.messaging_public_keys'::regclass)
    ) as t (table_name, home)
  ),
  placed (table_name, column_name, number, place, value) as (
    select 'messages', 'id', r.xmin, r.ctid::text::point, r.id::double precision
    from only public.messages as r
    tablesample pg_catalog.system (
      (select p.share from pages as p where p.table_name = 'messages')
    ) repeatable (1)
    union all
    select
      'message_deliveries', c.name, r.xmin, r.ctid::text::point,
      case
        when c.name = 'webauthn_credential_id' then r.webauthn_credential_id
        else (m.ctid::text::point)[0] * 1000 + (m.ctid::text::point)[1]
      end
    from only public.message_deliveries as r
    tablesample pg_catalog.system (
      (select p.share from pages as p where p.table_name = 'message_deliveries')
    ) repeatable (1)
    inner join only public.messages as m on r.message_id = m.id
    cross join (values ('message_id'), ('webauthn_credential_id')) as c (name)
    union all
    select 'device_session_keys', 'user_id', r.xmin, r.ctid::text::point, r.user_id
    from only public.device_session_keys as r
    tablesample pg_catalog.system (
      (select p.share from pages as p where p.table_name = 'device_session_keys')
    ) repeatable (1)
    union all
    select 'messaging_public_keys', 'user_id', r.xmin, r.ctid::text::point, r.user_id
    from only public.messaging_public_keys as r
    tablesample pg_catalog.system (
      (select p.share from pages as p where p.table_name = 'messaging_public_keys')
    ) repeatable (1)
  ),
  correlated as (
    select
      p.table_name,
      p.column_name,
      pg_catalog.count(*) as rows,
      pg_catalog.corr((p.place)[0] * 1000 + (p.place)[1], p.value) as r
    from placed as p
    inner join settles as s on p.table_name = s.table_name and p.number = s.number
    group by p.table_name, p.column_name, p.number
    having pg_catalog.count(*) >= 100
  )
  select
    c.table_name,
    c.column_name,
    pg_catalog.count(*) as sets,
    pg_catalog.sum(c.rows)::bigint as examined,
    pg_catalog.max(pg_catalog.abs(c.r) * pg_catalog.sqrt(c.rows - 1)) as score
  from correlated as c
  group by c.table_name, c.column_name
$$;

revoke all on function public.audit_settled_order() from public;
grant execute on function public.audit_settled_order() to nosender_auditor;

-- 850_comments.sql
comment on routine public.audit_kept is
'Counts messages that were delivered everywhere and are older than the operator lets history grow.';
comment on routine public.audit_sequence_ids is
'Counts ids that came from a sequence, and says how far each sequence has got.';
comment on routine public.audit_settled_order is
'Says how far the places of settled rows follow what was there before; numbers about sets, none of '
'a row.';
comment on routine public.retention_knobs is
'What an operator decides about how long things stay: values and nothing else.';
