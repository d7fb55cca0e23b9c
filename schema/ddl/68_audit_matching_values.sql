-- Per text column outside this schema: how many of up to 300 rows hold a phone number that is a user's or a
-- destination's of ours. Plain tables only, and built-in types only: nothing that could run somebody else's
-- code with the owner's rights. What the owner may not read is said to be unreadable.
create function audit_matching_values()
returns table (
  schema_name text, table_name text, column_name text, examined bigint, matching bigint, readable boolean
)
language plpgsql
stable
security definer
set search_path from current
set row_security = off
as $$
declare
  part record;
begin
  for part in
    select
      n.nspname,
      c.relname,
      a.attname,
      pg_catalog.has_schema_privilege(n.oid, 'usage')
      and pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
      and not c.relrowsecurity as may_read,
      pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint as pages
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid
    inner join pg_catalog.pg_type as t on t.oid = a.atttypid
    where
      c.relkind in ('r'::"char", 'm'::"char")
      and c.relpersistence <> 't'::"char"
      and c.oid >= 16384::oid
      and n.nspname::text <> pg_catalog.current_schema()::text
      and a.attnum > 0
      and not a.attisdropped
      and a.attgenerated <> 'v'::"char"
      and t.typname::text in ('text', 'varchar', 'bpchar')
      and t.oid < 16384::oid
    order by n.nspname, c.relname, a.attnum
    limit 2000
  loop
    schema_name := part.nspname;
    table_name := part.relname;
    column_name := part.attname;
    readable := part.may_read;
    examined := 0;
    matching := 0;
    if readable then
      execute pg_catalog.format(
        'with taken as (
          select pg_catalog.left(r.%1$I::text, 40) as held
          from only %2$I.%3$I as r %4$s
          where r.%1$I is not null
          limit 300
        )
        select
          pg_catalog.count(*),
          pg_catalog.count(*) filter (
            where exists (select from only users as u where u.phone_number::text = n.number)
            or exists (select from only messages as m where m.destination_phone::text = n.number)
            or exists (select from only ephemeral_keys as e where e.destination_phone::text = n.number)
          )
        from taken
        cross join lateral (
          select ''+'' || pg_catalog.regexp_replace(taken.held, ''[^0-9]'', '''', ''g'') as number
        ) as n',
        part.attname, part.nspname, part.relname,
        case when part.pages > 60 then
          pg_catalog.format('tablesample system (%s) repeatable (1)', pg_catalog.round(2000.0 / part.pages::numeric, 6))
        else '' end
      ) into examined, matching;
    end if;
    return next;
  end loop;
end
$$;
revoke all on function audit_matching_values() from public;
grant execute on function audit_matching_values() to nosender_auditor;
