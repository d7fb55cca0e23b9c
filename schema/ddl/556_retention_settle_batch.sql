set search_path = pg_catalog, pg_temp;

-- Writes rows anew in random order, and leaves a receipt in the same transaction: all that is due, or a
-- random sample of at most `most` of it. Each order is drawn by the server's strong generator.
--
-- The rows are locked first, and what others hold is passed over: it settles with the next set. The update
-- leads from the shuffled places to the rows: by any other plan they would be written in the order in which
-- they lie.
--
-- A new version stays in its page as long as there is room, and neighbours would stay neighbours. So the room
-- goes first: a row of each page is written again and again until it finds none, and each time it is taken
-- back; what was written keeps its place until others have forgotten it. Nothing else may be written in that
-- block: it has another transaction number.
create function public.retention_settle_batch(
  state jsonb, name text, until timestamp, settled xid[], rising xid[], last_one boolean, most bigint
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  entry public.retention_runs := public.retention_entry(state);
  home regclass := public.retention_place(name)::regclass;
  rule record;
  midnight timestamp := date_trunc('day', until);
  sixth timestamp := date_bin('6 hours', until, timestamp '2000-01-01');
  source text := format('%s as r', home);
  unsettled tid[];
  places tid[];
  held tid[];
  filling tid[];
  rest tid[];
  ids bigint[];
  before bigint;
begin
  select * into strict rule from public.retention_settle_rules() where table_name = name;
  entry.clock_before := clock_timestamp() at time zone 'utc';
  -- No vacuum meanwhile: it would clear what was taken back, and with it open the room again. Nothing is held
  -- yet, an autovacuum gives way, and where somebody vacuums by hand it goes on without.
  begin
    execute format('lock table %s in share update exclusive mode', home);
  exception when lock_not_available then
    null;
  end;
  perform set_config('enable_seqscan', 'on', true);
  -- The planner knows nothing of xmin. Of few rows what is beside each is looked up, and many are joined with
  -- all of it.
  if rule.beside <> '' then
    execute format('select array(select r.ctid from %s as r where r.xmin <> all($1) limit 50001)', home)
    into unsettled using settled;
    if cardinality(unsettled) <= 50000 then
      source := format('unnest($7) as u (place) inner join %s as r on r.ctid = u.place', home);
    end if;
  end if;
  execute format(
    'select array(select r.ctid from %s %s where %s order by gen_random_uuid() limit $6)',
    source, rule.beside, rule.due
  ) into places using settled, rising, until, midnight, sixth, most, unsettled;
  perform set_config('enable_seqscan', 'off', true);
  -- The receipt of the last level says that the table was looked at; of the others it is that of a set.
  if cardinality(places) = 0 and not last_one then
    return null;
  end if;
  filling := array(
    select distinct on ((place::text::point)[0]) place from unnest(places) as place
    order by (place::text::point)[0], gen_random_uuid()
  );
  -- Rows of one page have no other neighbours; people and devices came in an order that joins nobody.
  if cardinality(filling) = 1 or name in ('users', 'webauthn_credentials') then
    filling := '{}';
  end if;
  execute format('select array(select r.id from %s as r where r.ctid = any($1))', home) into ids using filling;
  while cardinality(filling) > 0 loop
    -- Whoever comes by an index tidies up a full page where something old is dead, and takes what was taken
    -- back along: so that is done first, and again once the page is full, until it stays full.
    execute format('select count(r.xmin) from %s as r where r.id = any($1)', home) using ids;
    rest := filling;
    filling := '{}';
    while cardinality(rest) > 0 loop
      begin
        execute format(
          'with free as materialized (
            select r.ctid as place from %1$s as r where r.ctid = any($1) for no key update skip locked
          ),
          written as (
            update %1$s as r set id = r.id from free where r.ctid = free.place
            returning free.place, (r.ctid::text::point)[0] = (free.place::text::point)[0] as stays
          )
          select coalesce(array_agg(place), ''{}'') from written where stays', home
        ) into rest using rest;
        raise exception 'taken back' using errcode = 'NS001';
      exception when sqlstate 'NS001' then
        null;
      end;
      filling := case when cardinality(filling) = 0 then rest else filling end;
    end loop;
  end loop;
  execute format(
    'select array('
    '  select r.ctid from %s as r %s where r.ctid = any($6) and (%s) for no key update of r skip locked'
    ')',
    home, rule.beside, rule.due
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
  -- What was passed over once is passed over again by the sets that follow.
  select coalesce(max(r.blocked), 0) into before
  from public.retention_runs as r
  where r.run_id = entry.run_id and r.phase = 'settled' and r.table_name = name;
  entry := public.retention_append(entry);
  return state || jsonb_build_object(
    'affected', entry.settled, 'settled', (state ->> 'settled')::bigint + entry.settled,
    'passed_over', (state ->> 'passed_over')::bigint + greatest(entry.blocked - before, 0)
  );
end
$$;

revoke all on function public.retention_settle_batch from public;
