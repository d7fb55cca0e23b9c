set search_path = pg_catalog, pg_temp;

-- What stands longer than its expiry and the grace allow, by each promise of the policy. Reads the ends of
-- indexes: at most a thousand rows of each kind are counted, and `seconds` is how far the oldest is past its
-- expiry, without the grace.
create function public.audit_overdue(grace interval)
returns table (table_name text, column_name text, overdue bigint, seconds bigint)
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
    with promised as (
      select
        p.*,
        public.retention_place(p.table_name)::regclass as home,
        -- As the sweep's index has it: what goes at once first, then by expiry.
        case
          when p.at_once is null then 'r.' || pg_catalog.quote_ident(p.expires_column)
          else pg_catalog.format(
            'case when r.%I then ''-infinity''::timestamp without time zone else r.%I end',
            p.at_once, p.expires_column
          )
        end as first_due,
        (
          select pg_catalog.array_agg(array[d.column_name, d.resolution::text])
          from public.audit_declared() as d
          where d.table_name = p.table_name and d.class = 'time' and d.resolution is not null
        ) as times
      from public.retention_policy() as p
    ),
    late as (
      select
        p.table_name, p.expires_column as attribute,
        pg_catalog.format('r.%I', p.expires_column) as since,
        pg_catalog.format(
          '%s and %s < {limit} and r.%I < {limit}',
          case when p.flag is null then 'true' else pg_catalog.format('r.%I', p.flag) end,
          p.first_due, p.expires_column
        ) as condition,
        p.first_due as sorted,
        'only ' || p.home as from_item
      from promised as p
      where p.expires_column is not null
      union all
      -- When it was used is not stored; it was created before, at the latest at the end of its hour.
      select
        p.table_name, p.at_once,
        pg_catalog.format('r.%I + %L::interval', p.times[1][1], p.times[1][2]),
        pg_catalog.format(
          '%s <= ''-infinity''::timestamp and r.%I and r.%I + %L::interval < {limit}',
          p.first_due, p.at_once, p.times[1][1], p.times[1][2]
        ),
        p.first_due,
        'only ' || p.home
      from promised as p
      where p.at_once is not null and p.times is not null
      union all
      -- There is no index by age: the first rows of the table.
      select
        p.table_name, p.max_age_column,
        pg_catalog.format('r.%I + %L::interval', p.max_age_column, p.max_age),
        pg_catalog.format(
          'r.%I + %L::interval < {limit} and %s', p.max_age_column, p.max_age,
          case when p.expires_column is null then 'true'
            else pg_catalog.format('coalesce(r.%I < {limit}, true)', p.expires_column) end
        ),
        pg_catalog.format('r.%I + %L::interval', p.max_age_column, p.max_age),
        '(select * from only ' || p.home || ' limit 1000)'
      from promised as p
      where p.max_age is not null
    )
    select pg_catalog.jsonb_build_object(
      'table', pg_catalog.quote_literal(l.table_name),
      'name', pg_catalog.quote_literal(l.attribute),
      'since', l.since,
      'rows', l.from_item,
      'condition', public.audit_text(l.condition, given.parts),
      'sorted', l.sorted
    ) as parts
    from late as l
    cross join (
      select pg_catalog.jsonb_build_object('limit', pg_catalog.format(
        '(pg_catalog.now() at time zone ''utc'') - %L::interval', grace
      )) as parts
    ) as given
  loop
    return query execute public.audit_text(
      $late$
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(late.since) as overdue,
          coalesce(extract(
            epoch from (pg_catalog.now() at time zone 'utc') - pg_catalog.min(late.since)
          )::bigint, 0::bigint) as seconds
        from (
          select {since} as since
          from {rows} as r
          where {condition}
          order by {sorted}
          limit 1000
        ) as late
      $late$,
      part.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_overdue(interval) from public;
grant execute on function public.audit_overdue(interval) to nosender_auditor;
