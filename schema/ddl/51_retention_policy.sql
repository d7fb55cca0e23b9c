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
