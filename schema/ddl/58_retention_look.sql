-- What the sweeper and the auditor may look at: counts, times and the ledger, never a row of the tables.

-- Per table of the policy: how many rows are due and since when, at a cost that does not grow with the table.
-- It counts from the index as far as `most`, and says so when there are more; then the planner's estimate is
-- what there is to know.
create function retention_overdue(most integer default 10000)
returns table (table_name text, due bigint, more boolean, estimate bigint, oldest timestamp)
language plpgsql security definer
set search_path from current
set timezone to 'UTC'
set enable_seqscan to off
as $$
declare
  policy record;
  due_when text;
  plan json;
  cutoff timestamp := now();
begin
  for policy in select * from retention_policy() as each where each.expires_column is not null loop
    table_name := policy.table_name;
    due_when := format(
      '%s <= %L and %s', retention_due(policy.expires_column, policy.at_once), cutoff,
      coalesce(quote_ident(policy.flag), 'true')
    );
    execute format('select count(*) from (select from %I where %s limit %s) as due', table_name, due_when, most + 1)
    into due;
    more := due > most;
    due := least(due, most);
    estimate := due;
    if more then
      -- By the column itself: the planner keeps no statistics of the index's expression.
      execute format(
        'explain (format json) select from %I where %I <= %L and %s',
        table_name, policy.expires_column, cutoff, coalesce(quote_ident(policy.flag), 'true')
      ) into plan;
      estimate := greatest(due, (plan #>> '{0,Plan,Plan Rows}')::numeric::bigint);
    end if;
    oldest := retention_oldest(table_name, cutoff);
    return next;
  end loop;
end
$$;

-- The ledger from a row on, in order.
create function retention_ledger(after bigint default 0, most integer default null)
returns setof retention_runs
language sql stable security definer
set search_path from current
as $$
  select * from retention_runs where id > after order by id limit most
$$;

-- The newest rows of the ledger, newest first.
create function retention_ledger_tail(most integer default 1)
returns setof retention_runs
language sql stable security definer
set search_path from current
as $$
  select * from retention_runs order by id desc limit most
$$;

-- Who keeps old rows from being vacuumed away, oldest first: while they do, a sweep deletes but frees
-- nothing. What the owner of these functions may not see of other sessions is missing here, and `complete`
-- says so.
create function retention_holders()
returns table (kind text, name text, transactions bigint, seconds bigint, complete boolean)
language sql stable security definer
set search_path from current
as $$
  select
    held.kind, held.name, held.transactions::bigint, held.seconds::bigint,
    pg_has_role(current_user, 'pg_read_all_stats', 'usage') as complete
  from (
    select
      'session' as kind, 'process ' || pid as name, age(backend_xmin) as transactions,
      extract(epoch from clock_timestamp() - xact_start) as seconds
    from pg_stat_activity
    where backend_xmin is not null and pid <> pg_backend_pid() and backend_type = 'client backend'
    union all
    select
      'prepared transaction', 'transaction ' || transaction, age(transaction),
      extract(epoch from clock_timestamp() - prepared)
    from pg_prepared_xacts
    where database = current_database()
    union all
    select
      'replication slot', slot_name, greatest(age(xmin), age(catalog_xmin)), null
    from pg_replication_slots
    where xmin is not null or catalog_xmin is not null
  ) as held
  order by held.transactions desc, held.kind, held.name
$$;

revoke all on function
retention_overdue, retention_ledger, retention_ledger_tail, retention_holders
from public;
grant execute on function
retention_overdue, retention_ledger, retention_ledger_tail, retention_holders
to nosender_sweeper, nosender_auditor;
