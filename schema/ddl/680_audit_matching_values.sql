set search_path = pg_catalog, pg_temp;

-- Per column outside this schema that could hold text or a large number: how many of its values are a phone
-- number of a user or a destination of ours, or an identifier of ours. Our side of that is looked up through
-- indexes, because a sample of ours would meet a sample of theirs by chance only; so of up to 300 values
-- only 100 that look like such a number or identifier are compared, and of values stored outside their rows,
-- which cost several pages each, 8 are read. Plain tables and built-in types only: nothing that could run
-- somebody else's code with the owner's rights. What the owner may not read is said to be unreadable, and so
-- is what comes after the first 5,000 columns with anything in them.
create function public.audit_matching_values()
returns table (
  schema_name text, table_name text, column_name text, examined bigint, compared bigint, matching bigint,
  readable boolean, looked boolean, whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
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
      t.typname::text = 'bytea' as bytes,
      pg_catalog.has_schema_privilege(n.oid, 'usage')
      and pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
      and not c.relrowsecurity as may_read,
      pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint as pages,
      pg_catalog.row_number() over (order by n.nspname, c.relname, a.attnum) as place
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid
    inner join pg_catalog.pg_type as t on t.oid = a.atttypid
    where
      c.relkind in ('r'::"char", 'm'::"char")
      and c.relpersistence <> 't'::"char"
      and c.oid >= 16384::oid
      and n.oid <> 'public'::regnamespace
      and a.attnum > 0
      and not a.attisdropped
      and a.attgenerated <> 'v'::"char"
      and t.typname::text in (
        'text', 'varchar', 'bpchar', 'name', 'int8', 'numeric', 'uuid', 'json', 'jsonb', 'xml', 'bytea', 'tsvector',
        '_text', '_varchar', '_int8'
      )
      and t.oid < 16384::oid
      and pg_catalog.pg_relation_size(c.oid) > 0
    order by n.nspname, c.relname, a.attnum
  loop
    schema_name := part.nspname;
    table_name := part.relname;
    column_name := part.attname;
    readable := part.may_read;
    looked := part.place <= 5000;
    examined := 0;
    compared := 0;
    matching := 0;
    whole := false;
    if readable and looked then
      execute pg_catalog.format(
        'with held as materialized (
          select
            r.%1$I as content,
            r.ctid::text as place,
            case
              when pg_catalog.pg_column_size(r.%1$I) <= 2000 then 0
              when pg_catalog.pg_column_size(r.%1$I) > 16000 then 9
              else pg_catalog.row_number() over (partition by pg_catalog.pg_column_size(r.%1$I) between 2001 and 16000)
            end as outside
          from only %2$I.%3$I as r %4$s
          where r.%1$I is not null
        ),
        taken as materialized (
          select %5$s as word
          from (
            select h.content
            from held as h
            where h.outside <= 8
            order by pg_catalog.hashtextextended(h.place, 1)
            limit 300
          ) as few
        ),
        suspected as (
          select
            ''+'' || pg_catalog.regexp_replace(
              pg_catalog.regexp_replace(found.run[1], ''[^0-9]'', '''', ''g''), ''^00'', ''''
            ) as number,
            null as identifier
          from taken as t
          cross join lateral pg_catalog.regexp_matches(
            t.word, ''([0-9][-0-9 ()./]{5,20}[0-9])'', ''g''
          ) as found (run)
          union
          select null, pg_catalog.btrim(t.word)
          from taken as t
          where pg_catalog.btrim(t.word) ~ ''^[[:graph:]]{16,100}$''
        ),
        compared as materialized (
          select s.number, s.identifier
          from suspected as s
          where s.identifier is not null or pg_catalog.length(s.number) between 8 and 16
          order by pg_catalog.hashtextextended(coalesce(s.number, s.identifier), 1)
          limit 100
        )
        select
          (select pg_catalog.count(*) from taken),
          pg_catalog.count(*),
          pg_catalog.count(*) filter (
            where coalesce(
              (select true from only %7$s as u where u.phone_number::text = c.number limit 1),
              (select true from only %8$s as m where m.destination_phone::text = c.number limit 1),
              (select true from only %9$s as e where e.destination_phone::text = c.number limit 1),
              (select true from only %8$s as m where m.message_id = c.identifier limit 1),
              (select true from only %9$s as e where e.key_exchange_id = c.identifier limit 1),
              (select true from only %10$s as k where k.session_key_id = c.identifier limit 1)
            )
          ),
          (select pg_catalog.count(*) from taken) = (select pg_catalog.count(*) from held) and pg_catalog.count(*) < 100 and %6$L::boolean
        from compared as c',
        part.attname, part.nspname, part.relname,
        case when part.pages > 60 then
          pg_catalog.format('tablesample system (%s) repeatable (1)', pg_catalog.round(2000.0 / part.pages::numeric, 6))
        else '' end,
        case when part.bytes then 'pg_catalog.encode(substring(few.content from 1 for 1000), ''escape'')'
          else 'pg_catalog.left(few.content::text, 1000)' end,
        part.pages <= 60,
        'public.users'::regclass, 'public.messages'::regclass, 'public.ephemeral_keys'::regclass,
        'public.device_session_keys'::regclass
      ) into examined, compared, matching, whole;
    end if;
    return next;
  end loop;
end
$$;
revoke all on function public.audit_matching_values() from public;
grant execute on function public.audit_matching_values() to nosender_auditor;
