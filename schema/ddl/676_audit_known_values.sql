set search_path = pg_catalog, pg_temp;

-- What is stored about people, as bytes, each with the number of the user whose it is: numbers without their
-- plus sign, credentials, keys, identifiers; at most 2,000 of each column. The text of a statement.
create function public.audit_known_values() returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select pg_catalog.string_agg(
    public.audit_text(
      $known$(
        select v.whole, v.owner
        from (select {bytes} as whole, {owner}::integer as owner from {rows} as r) as v
        where pg_catalog.octet_length(v.whole) >= {least}
        limit 2000
      )$known$,
      c.parts || pg_catalog.jsonb_build_object(
        'bytes', public.audit_text(
          case
            when c.type = 'bytea' then '{value}::bytea'
            when c.class = 'account-phone'
              then 'pg_catalog.convert_to(pg_catalog.substring({spelled}, 2), ''UTF8'')'
            else 'pg_catalog.convert_to({spelled}, ''UTF8'')'
          end,
          c.parts
        ),
        'least', case when c.class = 'account-phone' then '9' else '16' end
      )
    ),
    ' union all '
    order by c.table_name, c.column_name
  )
  from public.audit_columns() as c
  where
    c.owner_is = 'user'
    and c.class in ('account-phone', 'device-id', 'device-key', 'public-key', 'random-id')
$$;

revoke all on function public.audit_known_values() from public;
