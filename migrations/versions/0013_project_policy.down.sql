-- As it was before. What a project's tables are swept by would be lost; where there is any, it refuses.
set local search_path = pg_catalog, pg_temp;

do $$
declare
  held bigint;
begin
  select count(*) into held from public.retention_project_policy();
  if held > 0 then
    raise exception 'cannot go back: the sweep of % tables is a project''s; take it back by its own revision', held;
  end if;
end
$$;

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

drop function public.retention_project_policy();
