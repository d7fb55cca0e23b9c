set search_path = pg_catalog, pg_temp;

-- What the sweep does, table by table in this order. The catalogue says the same in retention/plan.py's words
-- and `nosender retention sweep` refuses to run where the two differ; the procedure, which cannot see the
-- catalogue, follows this alone. It is a function and not a table so that only a migration changes it; the
-- ages that an operator decides come from retention_knobs, and a project's own tables, which refer to ours
-- and never the other way, come first.
create function public.retention_policy()
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
  with project as materialized (select p.* from public.retention_project_policy() as p)
  select p.* from project as p where p.action not in ('follows', 'settles')
  union all
  select
    policy.table_name, policy.expires_column, policy.action, policy.flag, policy.at_once, policy.max_age,
    policy.max_age_column,
    array(
      select child.name
      from (
        select unnest(policy.children) as name
        union
        select unnest(p.children) from project as p
        where p.action = 'follows' and p.table_name = policy.table_name
      ) as child
      order by child.name collate "C"
    )
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
  ) as policy (
    table_name, expires_column, action, flag, at_once, max_age, max_age_column, children
  )
$$;

revoke all on function public.retention_policy from public;
grant execute on function public.retention_policy to nosender_sweeper, nosender_auditor;
