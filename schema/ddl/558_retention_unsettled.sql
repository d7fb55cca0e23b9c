set search_path = pg_catalog, pg_temp;

-- How many rows of each table the next sweep will settle, how large they are with all that is dead among
-- them, and how many indexes have to follow. Reads the tables whole.
create function public.retention_unsettled()
returns table (table_name text, due bigint, bytes bigint, indexes bigint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  rule record;
  target record;
  home regclass;
  found_due bigint;
  everything bigint;
begin
  for rule in select * from public.retention_settle_rules() loop
    table_name := rule.table_name;
    home := public.retention_place(table_name)::regclass;
    due := 0;
    bytes := 0;
    -- A row that is due up to one moment may be due up to the next as well, and settles once.
    for target in select * from public.retention_settle_targets(table_name, rule.levels) loop
      execute format(
        'select count(*) filter (where %s), count(*) from %s as r %s', rule.due, home, rule.beside
      )
      into found_due, everything using
        target.settled, target.rising, target.until, date_trunc('day', target.until),
        date_bin('6 hours', target.until, timestamp '2000-01-01');
      due := greatest(due, found_due);
      bytes := pg_table_size(home)::numeric * due / greatest(everything, 1);
    end loop;
    indexes := (select count(*) from pg_index where indrelid = home);
    return next;
  end loop;
end
$$;

revoke all on function public.retention_unsettled from public;
grant execute on function public.retention_unsettled to nosender_sweeper, nosender_auditor;
