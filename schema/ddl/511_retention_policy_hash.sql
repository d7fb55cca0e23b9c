set search_path = pg_catalog, pg_temp;

-- The same as one hash, which every receipt carries. docs/retention.md gives the text that it is taken of.
create function public.retention_policy_hash() returns bytea
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

revoke all on function public.retention_policy_hash from public;
grant execute on function public.retention_policy_hash to nosender_sweeper, nosender_auditor;
