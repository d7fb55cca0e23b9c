set search_path = pg_catalog, pg_temp;

-- How well the order of insertion can be read: pairs of neighbours by id, and those that also follow each
-- other in the file and by the transaction that wrote them.
create function public.audit_order()
returns table (table_name text, pairs bigint, in_file_order bigint, in_transaction_order bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  name text;
begin
  foreach name in array array['messages', 'message_deliveries', 'device_session_keys', 'ephemeral_keys'] loop
    return query execute pg_catalog.format(
      'with newest as (
        select r.id, r.ctid as place, r.xmin::text::bigint as transaction
        from only %2$s as r
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
        %1$L,
        pg_catalog.count(later_place),
        pg_catalog.count(*) filter (where later_place),
        pg_catalog.count(*) filter (where later_transaction)
      from paired',
      name, ('public.' || pg_catalog.quote_ident(name))::regclass
    );
  end loop;
end
$$;
revoke all on function public.audit_order() from public;
grant execute on function public.audit_order() to nosender_auditor;
