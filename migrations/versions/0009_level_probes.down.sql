-- As they were before.
set local search_path = pg_catalog, pg_temp;

drop function public.audit_matching_values();
drop function public.audit_other_columns();
drop function public.audit_own_values();
drop function public.audit_known_values();
drop function public.audit_times();
drop function public.audit_identifiers();
drop function public.audit_content();
drop function public.audit_tables();
drop function public.audit_columns();
drop function public.audit_type(oid);
drop function public.audit_text(text, jsonb);
drop function public.audit_declared();

-- 600_audit_rows.sql
-- What a probe reads of a table, as the text of a FROM item: all of it up to 256 pages (2 MB), else some
-- pages chosen at random, the same ones in every run, and the 30 newest rows, where today's mistake would
-- be. So no probe costs more as a table grows: where it samples at most 120 pages for a column, with 40
-- pages at random (which vary by a dozen) and 8 values that are stored outside their rows. ONLY: a child
-- that somebody attached is not ours, and may be foreign.
--
-- The probes below run with their owner's rights, whatever stands in the schema.
create or replace function public.audit_rows(of_table text, random_pages integer) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  home regclass := pg_catalog.to_regclass('public.' || pg_catalog.quote_ident(of_table));
  pages bigint := pg_catalog.pg_relation_size(home) / pg_catalog.current_setting('block_size')::bigint;
begin
  if public.audit_whole(of_table, 256) then
    return pg_catalog.format('(select * from only %s)', home);
  end if;
  return pg_catalog.format(
    '(
      with random_rows as materialized (
        select ctid as audit_place, * from only %1$s tablesample system (%2$s) repeatable (1)
      ),
      newest_rows as materialized (
        select ctid as audit_place, * from only %1$s order by id desc limit 30
      )
      select * from random_rows
      union all
      select * from newest_rows where audit_place not in (select audit_place from random_rows)
    )',
    home,
    pg_catalog.round(100.0 * random_pages::numeric / pages::numeric, 6)
  );
end
$$;

-- 630_audit_shared_values.sql
-- Per column: how many values stand under more than one owner, where an owner is a user or a destination, or
-- a device in the table that knows devices only. Live columns, declared or not: a conversation by another
-- name is still shared. Of bytes the first 64 and, as `name[1..8]`, the first 8 are compared; of values
-- outside their rows the 1,000 newest where the table is read whole, and else the 8 newest. Types that
-- somebody made are left out: comparing them could run their code with the owner's rights.
--
-- distinct_values, and of these shared_values with two owners or more; pairs of a value and an owner; the
-- most owners of one value; all owners seen.
create or replace function public.audit_shared_values()
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

-- 640_audit_content.sql
-- Per column of bytes or text: how many values look like something that should not be there. Of bytes the
-- first 128 are looked at; of values that are stored outside the row, which cost four pages each, the 1,000
-- newest where the table is read whole, and else the 8 newest.
--
-- printable: nine tenths of the bytes are printable ASCII, as in text, JSON, base64 or hex.
-- uniform: fewer than 0.65 of the different byte values that as many random bytes would show.
-- structured: starts like a picture, an archive or another file format. zlib: starts like a zlib stream.
-- contacts: holds a phone number, an e-mail or an IP address.
-- repeated: further rows with the same 64 first bytes; repeated_nonce: with the same 12; repeated_prefix: 4.
create function public.audit_content()
returns table (
  table_name text, column_name text, examined bigint, printable bigint, uniform bigint, structured bigint,
  zlib bigint, contacts bigint, repeated bigint, repeated_nonce bigint, repeated_prefix bigint,
  whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  part record;
  contact constant text :=
    '\+[1-9][0-9]{6,14}|[[:alnum:]._%+-]{2,}@[[:alnum:]-]{2,}\.[[:alpha:]]{2,}|[0-9]{1,3}(\.[0-9]{1,3}){3}';
begin
  for part in
    select
      ours.name,
      a.attname,
      t.typname::text = 'bytea' as bytes
    from (
      values
        ('users'), ('webauthn_credentials'), ('messages'), ('device_session_keys'), ('message_deliveries'),
        ('ephemeral_keys'), ('messaging_public_keys')
    ) as ours (name)
    inner join pg_catalog.pg_attribute as a
      on a.attrelid = pg_catalog.to_regclass('public.' || pg_catalog.quote_ident(ours.name))
    inner join pg_catalog.pg_type as t on t.oid = a.atttypid
    where
      a.attnum > 0
      and not a.attisdropped
      and a.attgenerated <> 'v'::"char"
      and t.typname::text in ('bytea', 'text', 'varchar', 'bpchar', 'json', 'jsonb', 'xml', '_text', 'inet')
      and t.oid < 16384::oid
      and a.attname::text not in ('destination_phone', 'phone_number')
    order by ours.name, a.attnum
  loop
    if part.bytes then
      return query execute pg_catalog.format(
        'with stored as (
          select
            r.%1$I as content,
            pg_catalog.pg_column_size(r.%1$I) > 2000 as outside,
            pg_catalog.row_number() over (
              partition by pg_catalog.pg_column_size(r.%1$I) > 2000 order by r.id desc
            ) as place
          from %2$s as r
          where r.%1$I is not null
        ),
        -- Materialized, or the slice would be fetched again for each of its bytes.
        heads as materialized (
          select substring(content from 1 for 128) as head
          from stored
          where place <= %6$s or not outside
        ),
        measured as (
          select head, b.*
          from heads
          cross join lateral (
            select
              pg_catalog.count(*) as bytes,
              pg_catalog.count(distinct octet) as different,
              pg_catalog.count(*) filter (where octet between 32 and 126 or octet in (9, 10, 13)) as plain
            from (
              select pg_catalog.get_byte(head, i) as octet
              from pg_catalog.generate_series(0, pg_catalog.octet_length(head) - 1) as i
            ) as octets
          ) as b
        )
        select
          %3$L, %1$L,
          pg_catalog.count(*),
          pg_catalog.count(*) filter (where bytes >= 8 and plain * 10 >= bytes * 9),
          pg_catalog.count(*) filter (
            where bytes >= 16 and different::float8
            < 0.65::float8 * 256::float8
            * (1::float8 - pg_catalog.power(1::float8 - 1::float8 / 256::float8, bytes::float8))
          ),
          pg_catalog.count(*) filter (
            where substring(head from 1 for 3) in (''\x1f8b08'', ''\xffd8ff'', ''\x474946'')
            or substring(head from 1 for 4) in (
              ''\x504b0304'', ''\x89504e47'', ''\x25504446'', ''\x4f676753'', ''\x52494646'', ''\x28b52ffd''
            )
          ),
          pg_catalog.count(*) filter (
            where substring(head from 1 for 2) in (''\x7801'', ''\x785e'', ''\x789c'', ''\x78da'')
          ),
          pg_catalog.count(*) filter (where pg_catalog.encode(head, ''escape'') ~ %4$L),
          pg_catalog.count(*) - pg_catalog.count(distinct substring(head from 1 for 64)),
          pg_catalog.count(*) - pg_catalog.count(distinct substring(head from 1 for 12)),
          pg_catalog.count(*) - pg_catalog.count(distinct substring(head from 1 for 4)),
          %5$L::boolean and pg_catalog.count(*) = (select pg_catalog.count(*) from stored)
        from measured',
        part.attname, public.audit_rows(part.name, 40), part.name, contact, public.audit_whole(part.name, 256),
        case when public.audit_whole(part.name, 256) then 1000 else 8 end
      );
    else
      return query execute pg_catalog.format(
        'select
          %3$L, %1$L,
          pg_catalog.count(*),
          0::bigint, 0::bigint, 0::bigint, 0::bigint,
          pg_catalog.count(*) filter (where pg_catalog.left(r.%1$I::text, 1000) ~ %4$L),
          0::bigint, 0::bigint, 0::bigint,
          %5$L::boolean
        from %2$s as r
        where r.%1$I is not null',
        part.attname, public.audit_rows(part.name, 40), part.name, contact, public.audit_whole(part.name, 256)
      );
    end if;
  end loop;
end
$$;
revoke all on function public.audit_content() from public;
grant execute on function public.audit_content() to nosender_auditor;

-- 650_audit_identifiers.sql
-- Per identifier that a client should have drawn at random: how many say when, in which order, or by whom.
-- timed: a UUID of version 1, 6 or 7, or a ULID of these years. digits: a number, so a counter or a
-- snowflake. phones: holds the destination's number, or any number written with a plus sign. short: under 16
-- characters. names: different ones; prefixes, suffixes: different first and last six characters. ascending:
-- later rows that sort after the row before.
create function public.audit_identifiers()
returns table (
  table_name text,
  column_name text,
  examined bigint,
  timed bigint,
  digits bigint,
  phones bigint,
  short bigint,
  names bigint,
  prefixes bigint,
  suffixes bigint,
  ascending bigint,
  whole boolean
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
    select * from (
      values
        ('messages', 'message_id', 'r.destination_phone'),
        ('ephemeral_keys', 'key_exchange_id', 'r.destination_phone'),
        ('device_session_keys', 'session_key_id', '''+''')
    ) as listed (name, attribute, phone)
  loop
    return query execute pg_catalog.format(
      'with named as (
        select
          r.%2$I::text as name,
          substring(%3$s::text from 2) as own_number,
          pg_catalog.lag(r.%2$I::text) over (order by r.id) as before
        from %4$s as r
      )
      select
        %1$L, %2$L,
        pg_catalog.count(*),
        pg_catalog.count(*) filter (
          where name ~* ''^[0-9a-f]{8}-[0-9a-f]{4}-[167][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$''
          or name ~* ''^01[0-9a-hjkmnp-tv-z]{24}$''
        ),
        pg_catalog.count(*) filter (where name ~ ''^[0-9]+$''),
        pg_catalog.count(*) filter (
          where (own_number <> '''' and pg_catalog.strpos(name, own_number) > 0) or name ~ ''\+[1-9][0-9]{6,14}''
        ),
        pg_catalog.count(*) filter (where pg_catalog.octet_length(name) < 16),
        pg_catalog.count(distinct name),
        pg_catalog.count(distinct pg_catalog.left(name, 6)),
        pg_catalog.count(distinct pg_catalog.right(name, 6)),
        pg_catalog.count(*) filter (where name collate pg_catalog."C" > before collate pg_catalog."C"),
        %5$L::boolean
      from named',
      part.name, part.attribute, part.phone, public.audit_rows(part.name, 40),
      public.audit_whole(part.name, 256)
    );
  end loop;
end
$$;
revoke all on function public.audit_identifiers() from public;
grant execute on function public.audit_identifiers() to nosender_auditor;

-- 651_audit_times.sql
-- Per stored time: how many are finer than they may be.
create function public.audit_times()
returns table (table_name text, column_name text, examined bigint, finer bigint, whole boolean)
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
    select * from (
      values
        ('users', 'created_at', '1 hour'),
        ('webauthn_credentials', 'created_at', '1 hour'),
        ('messages', 'timestamp', '1 hour'),
        ('messages', 'created_at', '1 hour'),
        ('messages', 'expires_at', '1 hour'),
        ('device_session_keys', 'created_at', '1 hour'),
        ('device_session_keys', 'expires_at', '1 hour'),
        ('message_deliveries', 'delivered_at', '1 hour'),
        ('message_deliveries', 'read_at', '1 hour'),
        ('ephemeral_keys', 'created_at', '1 hour'),
        ('ephemeral_keys', 'expires_at', '15 minutes'),
        ('messaging_public_keys', 'created_at', '1 hour'),
        ('messaging_public_keys', 'revoked_at', '1 hour')
    ) as listed (name, attribute, resolution)
  loop
    return query execute pg_catalog.format(
      'select
        %1$L, %2$L,
        pg_catalog.count(*),
        pg_catalog.count(*) filter (
          where r.%2$I <> pg_catalog.date_bin(%3$L::interval, r.%2$I, timestamp ''2000-01-01'')
        ),
        %5$L::boolean
      from %4$s as r
      where r.%2$I is not null and pg_catalog.isfinite(r.%2$I)',
      part.name, part.attribute, part.resolution, public.audit_rows(part.name, 40),
      public.audit_whole(part.name, 256)
    );
  end loop;
end
$$;
revoke all on function public.audit_times() from public;
grant execute on function public.audit_times() to nosender_auditor;

-- 660_audit_order.sql
-- How well the order of insertion can be read: pairs of neighbours by id, and those that also follow each
-- other in the file and by the transaction that wrote them.
create or replace function public.audit_order()
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

-- 661_audit_same_transaction.sql
-- How many transactions wrote both for a destination and for a user who is somebody else: xmin, which every
-- row keeps, then joins the two. Small tables are compared whole, else the 100 newest rows of each; a
-- transaction that wrote for more than five destinations or users is a load of data and joins nobody. Of
-- those that wrote in both, the numbers of at most 1,000 users, or 24, are looked up through an index.
create or replace function public.audit_same_transaction()
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

-- 671_audit_overdue.sql
-- What stands longer than its expiry and the grace allow. Reads the ends of indexes: at most a thousand rows
-- of each kind are counted, and `seconds` is how far the oldest is past its expiry, without the grace.
create or replace function public.audit_overdue(grace interval)
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

-- 680_audit_matching_values.sql
-- Per column outside this schema that could hold text or a large number: how many of its values are a phone
-- number of a user or a destination of ours, or an identifier of ours. Our side of that is looked up through
-- indexes, because a sample of ours would meet a sample of theirs by chance only; so of up to 300 values
-- only 100 that look like such a number or identifier are compared, and of values stored outside their rows,
-- which cost several pages each, 8 are read. Plain tables and built-in types only: nothing that could run
-- somebody else's code with the owner's rights. What the owner may not read is said to be unreadable, and so
-- is what comes after the first 5,000 columns with anything in them.
create function public.audit_matching_values()
returns table (
  schema_name text, table_name text, column_name text, examined bigint, compared bigint, matching bigint,
  readable boolean, looked boolean, whole boolean
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
      n.nspname,
      c.relname,
      a.attname,
      t.typname::text = 'bytea' as bytes,
      pg_catalog.has_schema_privilege(n.oid, 'usage')
      and pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
      and not c.relrowsecurity as may_read,
      pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint as pages,
      pg_catalog.row_number() over (order by n.nspname, c.relname, a.attnum) as place
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid
    inner join pg_catalog.pg_type as t on t.oid = a.atttypid
    where
      c.relkind in ('r'::"char", 'm'::"char")
      and c.relpersistence <> 't'::"char"
      and c.oid >= 16384::oid
      and n.oid <> 'public'::regnamespace
      and a.attnum > 0
      and not a.attisdropped
      and a.attgenerated <> 'v'::"char"
      and t.typname::text in (
        'text', 'varchar', 'bpchar', 'name', 'int8', 'numeric', 'uuid', 'json', 'jsonb', 'xml', 'bytea', 'tsvector',
        '_text', '_varchar', '_int8'
      )
      and t.oid < 16384::oid
      and pg_catalog.pg_relation_size(c.oid) > 0
    order by n.nspname, c.relname, a.attnum
  loop
    schema_name := part.nspname;
    table_name := part.relname;
    column_name := part.attname;
    readable := part.may_read;
    looked := part.place <= 5000;
    examined := 0;
    compared := 0;
    matching := 0;
    whole := false;
    if readable and looked then
      execute pg_catalog.format(
        'with held as materialized (
          select
            r.%1$I as content,
            r.ctid::text as place,
            case
              when pg_catalog.pg_column_size(r.%1$I) <= 2000 then 0
              when pg_catalog.pg_column_size(r.%1$I) > 16000 then 9
              else pg_catalog.row_number() over (partition by pg_catalog.pg_column_size(r.%1$I) between 2001 and 16000)
            end as outside
          from only %2$I.%3$I as r %4$s
          where r.%1$I is not null
        ),
        taken as materialized (
          select %5$s as word
          from (
            select h.content
            from held as h
            where h.outside <= 8
            order by pg_catalog.hashtextextended(h.place, 1)
            limit 300
          ) as few
        ),
        suspected as (
          select
            ''+'' || pg_catalog.regexp_replace(
              pg_catalog.regexp_replace(found.run[1], ''[^0-9]'', '''', ''g''), ''^00'', ''''
            ) as number,
            null as identifier
          from taken as t
          cross join lateral pg_catalog.regexp_matches(
            t.word, ''([0-9][-0-9 ()./]{5,20}[0-9])'', ''g''
          ) as found (run)
          union
          select null, pg_catalog.btrim(t.word)
          from taken as t
          where pg_catalog.btrim(t.word) ~ ''^[[:graph:]]{16,100}$''
        ),
        compared as materialized (
          select s.number, s.identifier
          from suspected as s
          where s.identifier is not null or pg_catalog.length(s.number) between 8 and 16
          order by pg_catalog.hashtextextended(coalesce(s.number, s.identifier), 1)
          limit 100
        )
        select
          (select pg_catalog.count(*) from taken),
          pg_catalog.count(*),
          pg_catalog.count(*) filter (
            where coalesce(
              (select true from only %7$s as u where u.phone_number::text = c.number limit 1),
              (select true from only %8$s as m where m.destination_phone::text = c.number limit 1),
              (select true from only %9$s as e where e.destination_phone::text = c.number limit 1),
              (select true from only %8$s as m where m.message_id = c.identifier limit 1),
              (select true from only %9$s as e where e.key_exchange_id = c.identifier limit 1),
              (select true from only %10$s as k where k.session_key_id = c.identifier limit 1)
            )
          ),
          (select pg_catalog.count(*) from taken) = (select pg_catalog.count(*) from held) and pg_catalog.count(*) < 100 and %6$L::boolean
        from compared as c',
        part.attname, part.nspname, part.relname,
        case when part.pages > 60 then
          pg_catalog.format('tablesample system (%s) repeatable (1)', pg_catalog.round(2000.0 / part.pages::numeric, 6))
        else '' end,
        case when part.bytes then 'pg_catalog.encode(substring(few.content from 1 for 1000), ''escape'')'
          else 'pg_catalog.left(few.content::text, 1000)' end,
        part.pages <= 60,
        'public.users'::regclass, 'public.messages'::regclass, 'public.ephemeral_keys'::regclass,
        'public.device_session_keys'::regclass
      ) into examined, compared, matching, whole;
    end if;
    return next;
  end loop;
end
$$;
revoke all on function public.audit_matching_values() from public;
grant execute on function public.audit_matching_values() to nosender_auditor;

-- 850_comments.sql
comment on routine public.audit_content is
'Counts values that look like text, files or contacts where ciphertext or keys belong.';
comment on routine public.audit_identifiers is
'Counts identifiers that say when, in which order or by whom they were made.';
comment on routine public.audit_times is 'Counts stored times that are finer than declared.';
comment on routine public.audit_matching_values is
'Counts values outside the schema that are phone numbers of ours.';
