set search_path = pg_catalog, pg_temp;

-- A part of a table for one of several workers, each with a session of its own that calls this and then
-- retention_step until the pass has ended. The part begins where the state stands; without an end it gets
-- one, `rows` rows or blocks further on, or none where it is the last. Beside the lock of the table, which
-- the session of retention_begin holds, each part has one of its own (`part`, for the session to give back):
-- who takes over the part of a session that broke waits until that is gone, and its last transaction decided.
create function public.retention_part(state jsonb, rows bigint) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
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
  select * into policy from public.retention_policy() where table_name = name;
  if not found or policy.action <> 'delete' or rows < 1 or state ->> 'pass' not in ('keys', 'blocks') then
    raise exception 'only a pass over a table whose rows are deleted can be shared'
      using errcode = 'invalid_parameter_value';
  end if;
  home := public.retention_place(name)::regclass;
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
    'select %1$s, id from %2$s where (%1$s, id) > ((select $1), (select $2)) and %1$s <= (select $3)
     order by %1$s, id offset $4 - 1 limit 1',
    public.retention_due(policy.expires_column, policy.at_once), home
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

revoke all on function public.retention_part from public;
grant execute on function public.retention_part to nosender_sweeper;
