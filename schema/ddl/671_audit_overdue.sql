set search_path = pg_catalog, pg_temp;

-- What stands longer than its expiry and the grace allow. Reads the ends of indexes: at most a thousand rows
-- of each kind are counted, and `seconds` is how far the oldest is past its expiry, without the grace.
create function public.audit_overdue(grace interval)
returns table (table_name text, column_name text, overdue bigint, seconds bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  with clock as (select (pg_catalog.now() at time zone 'utc') as moment),
  late as (
    (
      select 'messages' as name, 'expires_at' as attribute, m.expires_at as since
      from only public.messages as m
      where m.expires_at < (select moment from clock) - grace
      order by m.expires_at, m.id
      limit 1000
    )
    union all
    (
      select 'device_session_keys', 'expires_at', k.expires_at
      from only public.device_session_keys as k
      where k.is_active and k.expires_at < (select moment from clock) - grace
      order by k.expires_at
      limit 1000
    )
    union all
    (
      select 'ephemeral_keys', 'expires_at', e.expires_at
      from only public.ephemeral_keys as e
      where
        -- As the sweep's index has it: used keys first, then by expiry.
        case when e.used then '-infinity'::timestamp without time zone else e.expires_at end
        < (select moment from clock) - grace
        and e.expires_at < (select moment from clock) - grace
      order by case when e.used then '-infinity'::timestamp without time zone else e.expires_at end, e.id
      limit 1000
    )
    union all
    (
      -- When a key was used is not stored; it was created before, at the latest at the end of its hour.
      select 'ephemeral_keys', 'used', e.created_at + interval '1 hour'
      from only public.ephemeral_keys as e
      where
        case when e.used then '-infinity'::timestamp without time zone else e.expires_at end
        <= '-infinity'::timestamp without time zone
        and e.used and e.created_at + interval '1 hour' < (select moment from clock) - grace
      order by case when e.used then '-infinity'::timestamp without time zone else e.expires_at end, e.id
      limit 1000
    )
  )
  select
    promised.name,
    promised.attribute,
    pg_catalog.count(late.since),
    coalesce(
      extract(epoch from (select moment from clock) - pg_catalog.min(late.since))::bigint, 0::bigint
    )
  from (
    values
      ('messages', 'expires_at'), ('device_session_keys', 'expires_at'), ('ephemeral_keys', 'expires_at'),
      ('ephemeral_keys', 'used')
  ) as promised (name, attribute)
  left join late on late.name = promised.name and late.attribute = promised.attribute
  group by promised.name, promised.attribute
  order by promised.name, promised.attribute
$$;
revoke all on function public.audit_overdue(interval) from public;
grant execute on function public.audit_overdue(interval) to nosender_auditor;
