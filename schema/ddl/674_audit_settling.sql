set search_path = pg_catalog, pg_temp;

-- Rows that should have settled: no settle of the ledger wrote them, though one that came to its end an hour,
-- the `settle` of retention_knobs and the grace ago is newer than they are; where none did, though their own
-- times say so. Of people and devices, rows that somebody locked before such a settle. Tables above 256 pages
-- are sampled.
create function public.audit_settling(grace interval)
returns table (table_name text, examined bigint, unsettled bigint, whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  moment text;
  allowed constant interval := grace + interval '1 hour'
    + (select k.settle from public.retention_knobs() as k);
begin
  for table_name, moment in
    values
    ('messages', 'r.created_at'),
    (
      'message_deliveries',
      pg_catalog.format(
        'coalesce(r.read_at, r.delivered_at, (select m.created_at from only %s as m where m.id = r.message_id))',
        'public.messages'::regclass
      )
    ),
    ('ephemeral_keys', 'r.created_at'),
    -- Stored by the day, so it may be as new as the day's end.
    ('device_session_keys', 'r.created_at + interval ''1 day'''),
    ('messaging_public_keys', 'greatest(r.created_at, r.revoked_at)'),
    ('users', null),
    ('webauthn_credentials', null)
    union all
    select
      p.table_name,
      case when p.flag = 'xmin' then 'null::timestamp' else pg_catalog.format('r.%I', p.flag) end
    from public.retention_project_policy() as p
    where p.action = 'settles'
  loop
    whole := public.audit_whole(table_name, 256);
    execute pg_catalog.format(
      'with settles as materialized (
        select e.xmin as number, e.status, e.clock_after
        from only %1$s as e
        where e.phase = ''settled'' and e.table_name = $1
      ),
      latest as materialized (
        select pg_catalog.min(pg_catalog.age(s.number)) as age
        from settles as s
        where s.status = ''done'' and s.clock_after < (pg_catalog.now() at time zone ''utc'') - $2
      )
      select
        pg_catalog.count(*),
        pg_catalog.count(*) filter (
          where %2$s
        )
      from only %3$s as r %4$s',
      'public.retention_runs'::regclass,
      case
        when moment is null then
          'r.xmax <> ''0''::xid and r.xmax <> r.xmin and pg_catalog.age(r.xmax) between '
          '(select l.age from latest as l) and pg_catalog.age(r.xmin)'
        else pg_catalog.format(
          'r.xmin <> all (array(select s.number from settles as s)) and coalesce('
          'pg_catalog.age(r.xmin) > (select l.age from latest as l), '
          '%s < (pg_catalog.now() at time zone ''utc'') - $2)', moment
        )
      end,
      public.retention_place(table_name)::regclass,
      case when not whole then pg_catalog.format(
        'tablesample system (%s) repeatable (1)', pg_catalog.round(
          4000.0 * pg_catalog.current_setting('block_size')::numeric / pg_catalog.pg_relation_size(
            public.retention_place(table_name)::regclass
          )::numeric, 6
        )
      ) end
    ) into examined, unsettled using table_name, allowed;
    return next;
  end loop;
end
$$;
revoke all on function public.audit_settling(interval) from public;
grant execute on function public.audit_settling(interval) to nosender_auditor;
