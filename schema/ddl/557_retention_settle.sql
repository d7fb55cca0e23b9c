set search_path = pg_catalog, pg_temp;

-- One transaction of the settling with which a sweep of all tables ends: one set of one table, or a random
-- part of it. Parts only where the caller says that another session of its own holds a snapshot meanwhile
-- (`held`): without one, what a part leaves behind is cleared by the next, whose rows then stay in their
-- pages, beside their neighbours. At the gentle pace a part is so small that an acknowledgement of one of its
-- rows seldom waits for a fifth of a second.
create function public.retention_settle(state jsonb) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  target record;
  answer jsonb;
  most bigint := case
    when (state ->> 'held')::boolean is not true then 9223372036854775807
    when state ->> 'target_ms' is null then 20000
    else 3000
  end;
begin
  for target in
    select r.table_name, t.until, t.settled, t.rising, t.last_one
    from public.retention_settle_rules() with ordinality as r (table_name, levels, beside, due, changes, place)
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
