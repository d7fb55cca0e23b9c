set search_path = pg_catalog, pg_temp;

-- As retention_overdue, of the parts that stand on this node.
create function public.retention_part_overdue(most integer)
returns table (table_name text, due bigint, more boolean, estimate bigint, oldest timestamp, dead bigint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
as $$
declare
  policy record;
  part record;
  due_when text;
  counted bigint;
  plan json;
  cutoff timestamp := now();
begin
  for policy in select * from public.retention_policy() as each where each.expires_column is not null loop
    table_name := policy.table_name;
    due := 0;
    more := false;
    estimate := 0;
    oldest := null;
    dead := 0;
    due_when := format(
      '%s <= %L and %s', public.retention_due(policy.expires_column, policy.at_once), cutoff,
      coalesce(quote_ident(policy.flag), 'true')
    );
    for part in select p.part, p.home from public.retention_parts(table_name) as p where p.home is not null loop
      perform set_config('nosender.part', part.part, true);
      execute format(
        'select count(*) from (select from %s where %s limit %s) as due', part.home, due_when, most + 1
      ) into counted;
      due := due + least(counted, most);
      if counted > most then
        more := true;
        execute format(
          'explain (format json) select from %s where %I <= %L and %s',
          part.home, policy.expires_column, cutoff, coalesce(quote_ident(policy.flag), 'true')
        ) into plan;
        counted := greatest(most, (plan #>> '{0,Plan,Plan Rows}')::numeric::bigint);
      end if;
      estimate := estimate + counted;
      oldest := least(oldest, public.retention_oldest(table_name, cutoff));
      dead := dead + coalesce(pg_stat_get_dead_tuples(part.home), 0);
    end loop;
    return next;
  end loop;
  perform set_config('nosender.part', '', true);
end
$$;

revoke all on function public.retention_part_overdue(integer) from public;
grant execute on function public.retention_part_overdue(integer) to nosender_sweeper, nosender_auditor;
