-- How many transactions wrote both for a destination and for a user who is somebody else: xmin, which every
-- row keeps, then joins the two. The 200 newest rows of each table are compared; a transaction that wrote for
-- more than five destinations or users is a load of data and joins nobody.
create function audit_same_transaction()
returns table (table_name text, other_table text, examined bigint, joined bigint)
language plpgsql
stable
security definer
set search_path from current
set row_security = off
as $$
declare
  pair record;
begin
  for pair in
    select outward.name as outward, own.name as own, own.owner
    from (values ('messages'), ('ephemeral_keys')) as outward (name)
    cross join (
      values
        ('users', 'o.id'), ('webauthn_credentials', 'o.user_id'), ('device_session_keys', 'o.user_id'),
        ('messaging_public_keys', 'o.user_id')
    ) as own (name, owner)
  loop
    return query execute pg_catalog.format(
      'with sent as (
        select s.transaction, pg_catalog.array_agg(distinct s.destination) as destinations
        from (
          select m.xmin::text as transaction, m.destination_phone::text as destination
          from only %1$I as m
          order by m.id desc
          limit 200
        ) as s
        group by s.transaction
        having pg_catalog.count(distinct s.destination) <= 5
      ),
      owned as (
        select w.transaction, pg_catalog.array_agg(distinct u.phone_number::text) as numbers
        from (
          select o.xmin::text as transaction, %3$s as owner
          from only %2$I as o
          order by o.id desc
          limit 200
        ) as w
        inner join only users as u on u.id = w.owner
        group by w.transaction
        having pg_catalog.count(distinct w.owner) <= 5
      )
      select
        %1$L, %2$L,
        pg_catalog.count(*),
        pg_catalog.count(*) filter (
          where exists (
            select from owned where owned.transaction = sent.transaction and not owned.numbers operator(pg_catalog.<@) sent.destinations
          )
        )
      from sent',
      pair.outward, pair.own, pair.owner
    );
  end loop;
end
$$;
revoke all on function audit_same_transaction() from public;
grant execute on function audit_same_transaction() to nosender_auditor;
