set search_path = pg_catalog, pg_temp;

-- Up to when a table is to be settled, level by level; no row where it is settled for now. What came since
-- the last full interval is a set of its own, which joins the others of its hour later. The receipt of a
-- settled set is written by the transaction that wrote the set, so the ledger's own rows say which
-- transactions those are: `settled` and `rising` are the parameters $1 and $2 of the rules. A row of any
-- other transaction has not settled, whoever wrote it.
create function public.retention_settle_targets(name text, levels interval[])
returns table (until timestamp, settled xid[], rising xid[], last_one boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  origin constant timestamp := '2000-01-01';
  step constant interval := (select k.settle from public.retention_knobs() as k);
  latest constant timestamp := date_bin(step, now() at time zone 'utc', origin);
  level interval;
  reached timestamp;
begin
  select max(r.settled_until) into reached
  from public.retention_runs as r
  where r.phase = 'settled' and r.table_name = name and r.status = 'done';
  foreach level in array levels || array[step, null] loop
    last_one := level is null;
    continue when last_one and reached > latest;
    until := case
      when last_one then now() at time zone 'utc' else date_bin(greatest(level, step), latest, origin)
    end;
    continue when reached >= until;
    reached := until;
    -- A table of two levels is one set a day: whatever is not of a whole day rises.
    level := case when cardinality(levels) = 2 then levels[1] else level end;
    select
      coalesce(array_agg(r.xmin) filter (where final), '{}'),
      coalesce(array_agg(r.xmin) filter (where not final), '{}')
    into settled, rising
    from public.retention_runs as r
    cross join lateral (
      select last_one or r.settled_until >= until or date_bin(level, r.settled_until, origin) = r.settled_until
    ) as e (final)
    where r.phase = 'settled' and r.table_name = name;
    return next;
  end loop;
end
$$;

revoke all on function public.retention_settle_targets from public;
