set search_path = pg_catalog, pg_temp;

-- What the sweeper and the auditor may look at: counts, times and the ledger, never a row of the tables.

-- Per table of the policy: how many rows are due and since when, at a cost that does not grow with the table.
-- It counts from the index as far as `most`, and says so when there are more; then the planner's estimate is
-- what there is to know.
create function public.retention_overdue(most integer default 10000)
returns table (table_name text, due bigint, more boolean, estimate bigint, oldest timestamp)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
as $$
declare
  policy record;
  home regclass;
  due_when text;
  plan json;
  cutoff timestamp := now();
begin
  for policy in select * from public.retention_policy() as each where each.expires_column is not null loop
    table_name := policy.table_name;
    home := public.retention_place(table_name)::regclass;
    due_when := format(
      '%s <= %L and %s', public.retention_due(policy.expires_column, policy.at_once), cutoff,
      coalesce(quote_ident(policy.flag), 'true')
    );
    execute format('select count(*) from (select from %s where %s limit %s) as due', home, due_when, most + 1)
    into due;
    more := due > most;
    due := least(due, most);
    estimate := due;
    if more then
      -- By the column itself: the planner keeps no statistics of the index's expression.
      execute format(
        'explain (format json) select from %s where %I <= %L and %s',
        home, policy.expires_column, cutoff, coalesce(quote_ident(policy.flag), 'true')
      ) into plan;
      estimate := greatest(due, (plan #>> '{0,Plan,Plan Rows}')::numeric::bigint);
    end if;
    oldest := public.retention_oldest(table_name, cutoff);
    return next;
  end loop;
end
$$;

revoke all on function public.retention_overdue from public;
grant execute on function public.retention_overdue to nosender_sweeper, nosender_auditor;
