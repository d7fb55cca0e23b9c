set search_path = pg_catalog, pg_temp;

-- How many transactions wrote both for a destination and for a user who is somebody else: xmin, which every
-- row keeps, then joins the two. Small tables are compared whole, else the 100 of the highest ids of each; a
-- transaction that wrote for more than five destinations or users is a load of data and joins nobody. Of
-- those that wrote in both, the numbers of at most 1,000 users, or 24, are looked up through an index.
create function public.audit_same_transaction()
returns table (table_name text, other_table text, examined bigint, joined bigint, whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  pair record;
begin
  for pair in
    with homes as materialized (
      select
        c.table_name as name, c.owner_column, c.owner_is, c.whole,
        case when pg_catalog.bool_or(c.column_name = 'id') then 'id' else 'ctid' end as place
      from public.audit_columns() as c
      where c.owner_is is not null
      group by c.table_name, c.owner_column, c.owner_is, c.whole
      -- a delivery is its destination's, with its message
      having c.owner_is <> 'device' or not pg_catalog.bool_or(coalesce(c.leads_to, '') = 'message')
    )
    select pg_catalog.jsonb_build_object(
      'outward', public.retention_place(sent.name)::regclass,
      'own', public.retention_place(own.name)::regclass,
      'users', 'public.users'::regclass,
      'destination', pg_catalog.format('m.%I', sent.owner_column),
      'owner', case own.owner_is
        when 'device' then pg_catalog.format(
          '(select d.user_id from only %s as d where d.id = o.%I)',
          'public.webauthn_credentials'::regclass, own.owner_column
        )
        else pg_catalog.format('o.%I', own.owner_column)
      end,
      'outward_place', 'm.' || sent.place,
      'own_place', 'o.' || own.place,
      'most', case when sent.whole and own.whole then 'all' else '100' end,
      'looks', case when sent.whole and own.whole then '1000' else '24' end,
      'outward_name', pg_catalog.quote_literal(sent.name),
      'own_name', pg_catalog.quote_literal(own.name),
      'whole', (sent.whole and own.whole)::text
    ) as parts
    from homes as sent
    cross join homes as own
    where sent.owner_is = 'destination' and own.owner_is in ('user', 'device')
    order by sent.name, own.name
  loop
    return query execute public.audit_text(
      $pair$
        with outward as materialized (
          select m.xmin::text as transaction, {destination}::text as destination
          from only {outward} as m
          order by {outward_place} desc
          limit {most}
        ),
        own as materialized (
          select o.xmin::text as transaction, {owner}::integer as owner
          from only {own} as o
          order by {own_place} desc
          limit {most}
        ),
        sent as (
          select s.transaction, pg_catalog.array_agg(distinct s.destination) as destinations
          from outward as s
          group by s.transaction
          having pg_catalog.count(distinct s.destination) <= 5
        ),
        owned as (
          select
            w.transaction,
            pg_catalog.unnest(pg_catalog.array_agg(distinct w.owner)) as owner
          from own as w
          group by w.transaction
          having pg_catalog.count(distinct w.owner) <= 5
        ),
        both_wrote as materialized (
          select sent.transaction, sent.destinations, owned.owner
          from sent
          inner join owned on owned.transaction = sent.transaction
          limit {looks}
        )
        select
          {outward_name}::text as table_name,
          {own_name}::text as other_table,
          (select pg_catalog.count(*) from sent) as examined,
          pg_catalog.count(distinct b.transaction) filter (
            where (select u.phone_number::text from only {users} as u where u.id = b.owner)
            <> all (b.destinations)
          ) as joined,
          (
            {whole}
            or (select pg_catalog.count(*) from outward) < 100
            and (select pg_catalog.count(*) from own) < 100
          )
          and (select pg_catalog.count(*) from both_wrote) < {looks} as whole
        from both_wrote as b
      $pair$,
      pair.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_same_transaction() from public;
grant execute on function public.audit_same_transaction() to nosender_auditor;
