set search_path = pg_catalog, pg_temp;

-- How many transactions wrote both for a destination and for a user who is somebody else: xmin, which every
-- row keeps, then joins the two. Small tables are compared whole, else the 100 newest rows of each; a
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
    select
      outward.name as outward,
      own.name as own,
      own.owner,
      public.audit_whole(outward.name, 256) and public.audit_whole(own.name, 256) as whole
    from (values ('messages'), ('ephemeral_keys')) as outward (name)
    cross join (
      values
        ('users', 'o.id'), ('webauthn_credentials', 'o.user_id'), ('device_session_keys', 'o.user_id'),
        ('messaging_public_keys', 'o.user_id')
    ) as own (name, owner)
  loop
    return query execute pg_catalog.format(
      'with outward as materialized (
        select m.xmin::text as transaction, m.destination_phone::text as destination
        from only %7$s as m
        order by m.id desc
        limit %4$s
      ),
      own as materialized (
        select o.xmin::text as transaction, %3$s as owner
        from only %8$s as o
        order by o.id desc
        limit %4$s
      ),
      sent as (
        select s.transaction, pg_catalog.array_agg(distinct s.destination) as destinations
        from outward as s
        group by s.transaction
        having pg_catalog.count(distinct s.destination) <= 5
      ),
      owned as (
        select w.transaction, pg_catalog.unnest(pg_catalog.array_agg(distinct w.owner)) as owner
        from own as w
        group by w.transaction
        having pg_catalog.count(distinct w.owner) <= 5
      ),
      both_wrote as materialized (
        select sent.transaction, sent.destinations, owned.owner
        from sent
        inner join owned on owned.transaction = sent.transaction
        limit %5$s
      )
      select
        %1$L, %2$L,
        (select pg_catalog.count(*) from sent),
        pg_catalog.count(distinct b.transaction) filter (
          where (select u.phone_number::text from only %9$s as u where u.id = b.owner)
          operator(pg_catalog.<>) all (b.destinations)
        ),
        (
          %6$L::boolean
          or (select pg_catalog.count(*) from outward) < 100 and (select pg_catalog.count(*) from own) < 100
        )
        and (select pg_catalog.count(*) from both_wrote) < %5$s
      from both_wrote as b',
      pair.outward, pair.own, pair.owner, case when pair.whole then 'all' else '100' end,
      case when pair.whole then 1000 else 24 end, pair.whole,
      ('public.' || pg_catalog.quote_ident(pair.outward))::regclass,
      ('public.' || pg_catalog.quote_ident(pair.own))::regclass,
      'public.users'::regclass
    );
  end loop;
end
$$;
revoke all on function public.audit_same_transaction() from public;
grant execute on function public.audit_same_transaction() to nosender_auditor;
