set search_path = pg_catalog, pg_temp;

-- How well the order of insertion can be read, of each table with numbers whose rows are somebody's: pairs of
-- neighbours by id, and those that also follow each other in the file and by the transaction that wrote them.
create function public.audit_order()
returns table (table_name text, pairs bigint, in_file_order bigint, in_transaction_order bigint)
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
      pg_catalog.jsonb_build_object(
        'table', public.retention_place(c.table_name)::regclass,
        'name', pg_catalog.quote_literal(c.table_name)
      ) as parts
    from public.audit_columns() as c
    group by c.table_name
    having
      pg_catalog.bool_or(c.class = 'serial')
      and pg_catalog.bool_or(c.column_name = 'id')
      and pg_catalog.bool_or(c.class in ('link', 'destination-phone', 'account-phone'))
    order by c.table_name
  loop
    return query execute public.audit_text(
      $order$
        with newest as (
          select r.id, r.ctid as place, r.xmin::text::bigint as transaction
          from only {table} as r
          order by r.id desc
          limit 100
        ),
        paired as (
          select
            place > pg_catalog.lag(place) over (order by id) as later_place,
            transaction >= pg_catalog.lag(transaction) over (order by id) as later_transaction
          from newest
        )
        select
          {name}::text as table_name,
          pg_catalog.count(later_place) as pairs,
          pg_catalog.count(*) filter (where later_place) as in_file_order,
          pg_catalog.count(*) filter (where later_transaction) as in_transaction_order
        from paired
      $order$,
      part.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_order() from public;
grant execute on function public.audit_order() to nosender_auditor;
