set search_path = pg_catalog, pg_temp;

-- Per column: how many values stand under more than one owner, where an owner is a user or a destination, or
-- a device in the table that knows devices only. Live columns, declared or not: a conversation by another
-- name is still shared. Of bytes the first 64 and, as `name[1..8]`, the first 8 are compared; of values
-- outside their rows the 1,000 newest where the table is read whole, and else the 8 newest. Types that
-- somebody made are left out: comparing them could run their code with the owner's rights.
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
  holder record;
  part record;
begin
  for holder in
    select
      listed.name,
      listed.owner,
      public.audit_rows(listed.name, 40) || ' as r' as from_item,
      public.audit_whole(listed.name, 256) as whole
    from (
      values
        ('messages', 'r.destination_phone'),
        ('ephemeral_keys', 'r.destination_phone'),
        ('device_session_keys', 'r.user_id'),
        ('messaging_public_keys', 'r.user_id'),
        ('webauthn_credentials', 'r.user_id'),
        ('users', 'r.id'),
        ('message_deliveries', 'r.webauthn_credential_id')
    ) as listed (name, owner)
  loop
    for part in
      select
        a.attname as attribute,
        a.attname::text || shape.suffix as label,
        pg_catalog.format(shape.expression, a.attname) as expression
      from pg_catalog.pg_attribute as a
      inner join pg_catalog.pg_type as t on t.oid = a.atttypid
      inner join (
        values
          ('bytea', '', 'substring(r.%1$I from 1 for 64)'),
          ('bytea', '[1..8]', 'substring(r.%1$I from 1 for 8)'),
          ('json', '', 'r.%1$I::text'),
          ('xml', '', 'r.%1$I::text'),
          ('jsonb', '', 'r.%1$I'), ('text', '', 'r.%1$I'), ('varchar', '', 'r.%1$I'),
          ('bpchar', '', 'r.%1$I'), ('uuid', '', 'r.%1$I'), ('inet', '', 'r.%1$I'), ('int2', '', 'r.%1$I'),
          ('int4', '', 'r.%1$I'), ('int8', '', 'r.%1$I'), ('numeric', '', 'r.%1$I'), ('_text', '', 'r.%1$I'),
          ('_int4', '', 'r.%1$I'), ('_int8', '', 'r.%1$I'), ('float8', '', 'r.%1$I')
      ) as shape (type, suffix, expression) on shape.type = t.typname::text
      where
        a.attrelid = pg_catalog.to_regclass('public.' || pg_catalog.quote_ident(holder.name))
        and a.attnum > 0
        and not a.attisdropped
        and t.oid < 16384::oid
        and a.attname::text <> 'id'
        and 'r.' || a.attname::text <> holder.owner
        and a.attgenerated <> 'v'::"char"
        and not (holder.name = 'message_deliveries' and a.attname::text = 'message_id')
      order by a.attnum, shape.suffix
    loop
      return query execute pg_catalog.format(
        'with placed as (
          select
            r.*,
            pg_catalog.pg_column_size(r.%7$I) > 2000 as audit_outside,
            pg_catalog.row_number() over (
              partition by pg_catalog.pg_column_size(r.%7$I) > 2000 order by r.id desc
            ) as audit_rank
          from %3$s
          where r.%7$I is not null
        ),
        held as materialized (
          select %1$s as held_value, %2$s as held_by, pg_catalog.count(*) as copies
          from placed as r
          where r.audit_rank <= %8$s or not r.audit_outside
          group by 1, 2
        ),
        spread as (
          select pg_catalog.count(*) as owners, pg_catalog.sum(copies)::bigint as copies
          from held
          group by held_value
        )
        select
          %4$L, %5$L,
          coalesce(pg_catalog.sum(copies), 0)::bigint,
          pg_catalog.count(*),
          pg_catalog.count(*) filter (where owners > 1),
          coalesce(pg_catalog.sum(owners), 0)::bigint,
          coalesce(pg_catalog.max(owners), 0),
          (select pg_catalog.count(*) from (select distinct held_by from held) as h),
          %6$L::boolean and coalesce(pg_catalog.sum(copies), 0::numeric) = (select pg_catalog.count(*) from placed)::numeric
        from spread',
        part.expression, holder.owner, holder.from_item, holder.name, part.label, holder.whole,
        part.attribute, case when holder.whole then 1000 else 8 end
      );
    end loop;
  end loop;
end
$$;
revoke all on function public.audit_shared_values() from public;
grant execute on function public.audit_shared_values() to nosender_auditor;
