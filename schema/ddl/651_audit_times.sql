set search_path = pg_catalog, pg_temp;

-- Per stored time: how many are finer than they may be, and how many that are said to be past lie ahead, or
-- before 2000, where no row of a messenger comes from: such a moment is a token.
create function public.audit_times()
returns table (
  table_name text, column_name text, examined bigint, finer bigint, impossible bigint, whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC'
as $$
declare
  part record;
begin
  for part in
    select
      c.parts || pg_catalog.jsonb_build_object(
        'moment', case
          when c.type = 'timestamp with time zone'
            then pg_catalog.format('(r.%I::timestamptz at time zone ''utc'')', c.column_name)
          else pg_catalog.format('r.%I::timestamp', c.column_name)
        end,
        'resolution', pg_catalog.quote_literal(c.resolution::text),
        'past', (c.class = 'time')::text
      ) as parts
    from public.audit_columns() as c
    where
      c.resolution > interval '0'
      and c.type in ('timestamp without time zone', 'timestamp with time zone', 'date')
  loop
    return query execute public.audit_text(
      $times$
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(*) as examined,
          pg_catalog.count(*) filter (where v.moment <> pg_catalog.date_bin(
            {resolution}::interval, v.moment, timestamp '2000-01-01'
          )) as finer,
          pg_catalog.count(*) filter (
            where {past} and (
              v.moment > (pg_catalog.now() at time zone 'utc') + interval '1 hour'
              or v.moment < timestamp '2000-01-01'
            )
          ) as impossible,
          {whole} as whole
        from (select {moment} as moment from {rows} as r) as v
        where v.moment is not null and pg_catalog.isfinite(v.moment)
      $times$,
      part.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_times() from public;
grant execute on function public.audit_times() to nosender_auditor;
