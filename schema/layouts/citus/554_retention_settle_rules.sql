set search_path = pg_catalog, pg_temp;

-- How each table is settled, as expressions over its row `r` and what is joined beside it. Parameters of all
-- of them: $1 the transactions of settles after which a row stays as it is, $2 those after which it rises to
-- the next level, $3 up to when the settle goes, $4 the midnight and $5 the beginning of the six hours before
-- that.
--
-- Times rise with the age of the row: the hour in the six hours under way, the six hours today, then the day.
-- An expiry rises with them: to the day where the row lives for a day or longer, to the six hours where it
-- lives for eight hours or longer; less would be lengthened out of measure, and keeps the hour.
-- A value stored out of line gets a new number only when it is computed anew, so each ends with an empty one.
--
-- A project's tables come last: those of which retention_project_policy says `settles`, by the column that
-- its flag names, or where that is xmin by nothing but who wrote the row; its children are the times that
-- rise.
create or replace function public.retention_settle_rules()
returns table (
  table_name text,
  levels interval[],  -- a settled set joins those of the next level
  beside text,        -- the join that says more of a row; none where it is empty
  due text,           -- rows that the settle takes
  changes text
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with raised (name, text) as (
    select
      name,
      format(
        '%1$I = case when r.%1$I < $4 then date_trunc(''day'', r.%1$I) when r.%1$I < $5 then '
        'date_bin(''6 hours'', r.%1$I, ''2000-01-01'') else date_trunc(''hour'', r.%1$I) end', name
      )
    from unnest(array['created_at', 'timestamp', 'delivered_at', 'read_at']) as name
  ),
  expiry (text) as (
    select format(
      'expires_at = case when r.created_at >= $5 or r.expires_at - r.created_at < interval ''8 hours'' '
      'then r.expires_at when r.created_at < $4 and r.expires_at - r.created_at >= interval ''1 day'' then %s '
      'else %s end',
      'date_bin(''1 day'', r.expires_at + interval ''23:59:59.999999'', ''2000-01-01'')',
      'date_bin(''6 hours'', r.expires_at + interval ''05:59:59.999999'', ''2000-01-01'')'
    )
  )
  values
  (
    'messages', array[interval '1 day', '6 hours', '1 hour'], '',
    'r.xmin <> all($1) and r.created_at < $3',
    concat_ws(
      ', ', (select text from raised where name = 'created_at'), (select text from raised where name = 'timestamp'),
      (select text from expiry), 'encrypted_content = r.encrypted_content || ''''::bytea'
    )
  ),
  (
    'message_deliveries', array[interval '1 day', '6 hours', '1 hour'],
    -- One that waits has no time of its own: it came with its message.
    format(
      'left join %s as m on m.destination_phone = r.destination_phone and m.id = r.message_id',
      public.retention_place('messages'::text)
    ),
    'r.xmin <> all($1) and coalesce(r.read_at, r.delivered_at, m.created_at) < $3',
    concat_ws(
      ', ', 'id = default', (select text from raised where name = 'delivered_at'),
      (select text from raised where name = 'read_at')
    )
  ),
  (
    'ephemeral_keys', array[interval '1 day', '6 hours', '1 hour'], '',
    'r.xmin <> all($1) and r.created_at < $3',
    concat_ws(', ', 'id = default', (select text from raised where name = 'created_at'))
  ),
  -- Keys are few and say most: all that was stored or touched today is one set, whatever the hour.
  (
    'device_session_keys', array[interval '1 day', '1 hour'], '',
    'r.xmin <> all($1) and r.created_at < $3',
    concat_ws(
      ', ', 'id = default', 'created_at = date_trunc(''day'', r.created_at)',
      'expires_at = case when r.created_at < $4 and r.expires_at - r.created_at >= interval ''1 day'' '
      'then date_bin(''1 day'', r.expires_at + interval ''23:59:59.999999'', ''2000-01-01'') else r.expires_at end',
      'encrypted_session_key = r.encrypted_session_key || ''''::bytea'
    )
  ),
  (
    'messaging_public_keys', array[interval '1 day', '1 hour'], '',
    'r.xmin <> all($1) and greatest(r.created_at, r.revoked_at) < $3',
    'id = default, created_at = date_trunc(''day'', r.created_at), revoked_at = date_trunc(''day'', r.revoked_at)'
  ),
  -- Whoever locked the row of a person or a device last stays in it, until it is written anew. A version that
  -- a settle wrote names the settle itself.
  (
    'users', array[interval '1 day', '6 hours', '1 hour'], '',
    'r.xmax <> 0::text::xid and r.xmax <> r.xmin or r.xmin = any($2)',
    'created_at = r.created_at'
  ),
  (
    'webauthn_credentials', array[interval '1 day', '6 hours', '1 hour'], '',
    'r.xmax <> 0::text::xid and r.xmax <> r.xmin or r.xmin = any($2)',
    'created_at = r.created_at'
  )
  union all
  select
    p.table_name, array[interval '1 day', '6 hours', '1 hour'], '',
    'r.xmin <> all($1)'
    || case when p.flag = 'xmin' then '' else format(' and coalesce(r.%I < $3, true)', p.flag) end,
    concat_ws(
      ', ', 'id = r.id',
      (
        select string_agg(
          format(
            '%1$I = case when r.%1$I < $4 then date_trunc(''day'', r.%1$I) when r.%1$I < $5 then '
            'date_bin(''6 hours'', r.%1$I, ''2000-01-01'') else date_trunc(''hour'', r.%1$I) end', c.name
          ),
          ', '
        )
        from unnest(p.children) as c (name)
      ),
      (
        select string_agg(
          format('%1$I = r.%1$I || %2$L::%3$s', a.attname, '', a.atttypid::regtype), ', ' order by a.attnum
        )
        from pg_attribute as a
        where
          a.attrelid = to_regclass(public.retention_place(p.table_name))
          and a.attnum > 0
          and not a.attisdropped
          and a.attgenerated = ''
          and a.attstorage in ('x', 'e')
          and a.atttypid in ('bytea'::regtype, 'text'::regtype, 'varchar'::regtype)
      )
    )
  from public.retention_project_policy() as p
  where p.action = 'settles'
$$;

revoke all on function public.retention_settle_rules from public;
