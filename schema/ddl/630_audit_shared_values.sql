set search_path = pg_catalog, pg_temp;

-- Per column: how many values stand under more than one owner, where an owner is a user or a destination, or
-- a device in the table that knows devices only; where a row is nobody's, under more than one row, of what
-- no two rows may share. Live columns, declared or not: a conversation by another name is still shared. Of
-- bytes the first 64 and, as `name[1..8]`, the first 8 are compared, of keys and credentials, as `name[end]`,
-- the last 16, and of identifiers, as `name[alike]`, one spelling of all; of values outside their rows the
-- 1,000 newest where the table is read whole, and else the 8 newest.
--
-- distinct_values, and of these shared_values with two owners or more; pairs of a value and an owner; the
-- most owners of one value; all owners seen.
create function public.audit_shared_values()
returns table (
  table_name text, column_name text, examined bigint, distinct_values bigint, shared_values bigint,
  pairs bigint, widest bigint, owners bigint, whole boolean
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
      c.parts || pg_catalog.jsonb_build_object(
        'label', pg_catalog.quote_literal(c.column_name || shape.suffix),
        'compared', public.audit_text(shape.template, c.parts)
      ) as parts
    from public.audit_columns() as c
    cross join lateral (
      values
        ('', case
          when c.type = 'bytea' then 'pg_catalog.substring({value}::bytea, 1, 64)'
          when c.type in (
            'smallint', 'integer', 'bigint', 'numeric', 'uuid', 'double precision', 'bigint[]', 'integer[]'
          ) then '{value}'
          else '{spelled}'
        end),
        ('[1..8]', case when c.type = 'bytea' then 'pg_catalog.substring({value}::bytea, 1, 8)' end),
        ('[end]', case when c.type = 'bytea' and c.class in ('device-id', 'device-key', 'public-key') then
          $end$
            case when pg_catalog.octet_length({value}::bytea) >= 32
              then pg_catalog.substring({value}::bytea, pg_catalog.octet_length({value}::bytea) - 15)
              else {value}::bytea
            end
          $end$
        end),
        ('[alike]', case when c.class = 'random-id' and c.type <> 'bytea' then
          $alike$
            (select least(s.plain, pg_catalog.reverse(s.plain))
            from (
              select case
                -- sixteen bytes in base64, which another client writes as hex
                when {spelled} ~ '^[0-9A-Za-z_+/-]{21}[AQgw](==)?$' then pg_catalog.encode(
                  pg_catalog.decode(
                    pg_catalog.translate(pg_catalog.left({spelled}, 22), '-_', '+/') || '==', 'base64'
                  ), 'hex'
                )
                else pg_catalog.lower(pg_catalog.translate({spelled}, '-_ {}', ''))
              end as plain
            ) as s)
          $alike$
        end)
    ) as shape (suffix, template)
    where
      shape.template is not null
      and c.column_name <> 'id'
      and c.column_name <> coalesce(c.owner_column, '')
      and coalesce(c.leads_to, '') <> 'message'
      and c.type not in (
        'boolean', 'timestamp without time zone', 'timestamp with time zone', 'date'
      )
      and (
        c.owner_column is not null
        or c.class in (
          'random-id', 'ciphertext', 'wrapped-key', 'public-key', 'signature', 'device-id', 'device-key'
        )
      )
  loop
    return query execute public.audit_text(
      $shared$
        with placed as (
          select
            r.*,
            pg_catalog.pg_column_size({value}) > 2000 as audit_outside,
            pg_catalog.row_number() over (
              partition by pg_catalog.pg_column_size({value}) > 2000 order by {place} desc
            ) as audit_rank
          from {rows} as r
          where {value} is distinct from null
        ),
        held as materialized (
          select {compared} as held_value, {owner} as held_by, pg_catalog.count(*) as copies
          from placed as r
          where r.audit_rank <= {outside} or not r.audit_outside
          group by 1, 2
        ),
        spread as (
          select pg_catalog.count(*) as owners, pg_catalog.sum(copies)::bigint as copies
          from held
          group by held_value
        )
        select
          {table}::text as table_name,
          {label}::text as column_name,
          coalesce(pg_catalog.sum(copies), 0)::bigint as examined,
          pg_catalog.count(*) as distinct_values,
          pg_catalog.count(*) filter (where owners > 1) as shared_values,
          coalesce(pg_catalog.sum(owners), 0)::bigint as pairs,
          coalesce(pg_catalog.max(owners), 0) as widest,
          (select pg_catalog.count(*) from (select distinct held_by from held) as h) as owners,
          {whole} and coalesce(pg_catalog.sum(copies), 0::numeric) = (
            select pg_catalog.count(*) from placed
          )::numeric as whole
        from spread
      $shared$,
      part.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_shared_values() from public;
grant execute on function public.audit_shared_values() to nosender_auditor;
