set search_path = pg_catalog, pg_temp;

-- On a node, one transaction of the settling of a table: of each part a random sample, or all that is due,
-- written anew in random order, as retention_settle_batch writes it. The answer is what the receipt has to
-- say, null where nothing is due. `most` is of all parts together; a part takes some time however few of its
-- rows are due, and whoever writes one of them waits for all, so after a while the others are left: the
-- answer says which, and the next call is of them (`others`).
create function public.retention_settle_part(
  name text, until timestamp, settled xid[], rising xid[], last_one boolean, most bigint, others text[]
) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set lock_timeout to '2s'
set jit to off
as $$
declare
  bound constant timestamp := least(until, now()::timestamp);
  enough constant timestamptz := case
    when most <= 3000 then now() + interval '0.2 seconds'
    when most <= 20000 then now() + interval '2 seconds'
    else 'infinity'
  end;
  taken text;
  answer jsonb;
  open_parts text[] := '{}';
  due bigint := 0;
  written bigint := 0;
begin
  for taken in
    select p.part
    from public.retention_parts(name) as p
    where others is null or p.part = any(others)
    order by gen_random_uuid()
  loop
    if written >= most or written > 0 and clock_timestamp() > enough then
      open_parts := open_parts || taken;
      continue;
    end if;
    continue when not public.retention_take(name, taken);
    answer := public.retention_settle_rows(name, bound, settled, rising, most - written);
    due := due + (answer ->> 'due')::bigint;
    written := written + (answer ->> 'written')::bigint;
    if (answer ->> 'more')::boolean then
      open_parts := open_parts || taken;
    end if;
  end loop;
  if due = 0 and others is null and not last_one then
    return null;
  end if;
  return jsonb_build_object(
    'settled', written, 'blocked', due - written, 'left', to_jsonb(open_parts),
    'outcome', case when open_parts = '{}' then 'done' else 'partial' end,
    'transaction', pg_current_xact_id()::text,
    'seconds', extract(epoch from clock_timestamp() - now())
  );
end
$$;

-- The rows of one part: the one that this transaction has taken. See retention_settle_batch for each step.
create function public.retention_settle_rows(
  name text, until timestamp, settled xid[], rising xid[], most bigint
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
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
  written bigint;
begin
  select * into strict rule from public.retention_settle_rules() where table_name = name;
  begin
    execute format('lock table %s in share update exclusive mode', home);
  exception when lock_not_available then
    null;
  end;
  perform set_config('enable_seqscan', 'on', true);
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
  filling := array(
    select distinct on ((place::text::point)[0]) place from unnest(places) as place
    order by (place::text::point)[0], gen_random_uuid()
  );
  if cardinality(filling) = 1 or name in ('users', 'webauthn_credentials') then
    filling := '{}';
  end if;
  execute format('select array(select r.id from %s as r where r.ctid = any($1))', home) into ids using filling;
  while cardinality(filling) > 0 loop
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
  get diagnostics written = row_count;
  return jsonb_build_object(
    'due', cardinality(places), 'written', written,
    -- Where others hold every row of a sample, more samples would find the same.
    'more', cardinality(places) = most and written > 0
  );
end
$$;

-- How many rows of a table that settle would take on this node, and how large they are.
create function public.retention_part_unsettled(name text, until timestamp, settled xid[], rising xid[])
returns table (due bigint, everything bigint, bytes bigint, indexes bigint)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  each record;
  rule record;
  counted record;
begin
  due := 0;
  everything := 0;
  bytes := 0;
  indexes := 0;
  for each in select p.part, p.home from public.retention_parts(name) as p where p.home is not null loop
    perform set_config('nosender.part', each.part, true);
    select * into strict rule from public.retention_settle_rules() as r where r.table_name = name;
    execute format(
      'select count(*) filter (where %s) as due, count(*) as everything from %s as r %s',
      rule.due, each.home, rule.beside
    ) into counted using settled, rising, until, date_trunc('day', until),
      date_bin('6 hours', until, timestamp '2000-01-01');
    due := due + counted.due;
    everything := everything + counted.everything;
    bytes := bytes + pg_table_size(each.home)::numeric * counted.due / greatest(counted.everything, 1);
    indexes := (select count(*) from pg_index where indrelid = each.home);
  end loop;
  return next;
end
$$;

revoke all on function public.retention_settle_part from public;
revoke all on function public.retention_settle_rows from public;
revoke all on function public.retention_part_unsettled from public;
grant execute on function public.retention_settle_part to nosender_sweeper;
grant execute on function public.retention_part_unsettled to nosender_sweeper, nosender_auditor;
