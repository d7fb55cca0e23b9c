-- Create the functions through which the audit counts.

-- 60_audit_rows.sql
-- What a probe reads of a table, as the text of a FROM item: all of it up to 60 pages, else about 60 pages
-- chosen at random, the same ones in every run, and the 30 newest rows, where today's mistake would be. So no
-- probe costs more as a table grows. ONLY: a child that somebody attached is not ours, and may be foreign.
--
-- The probes below run with their owner's rights, whatever stands in the schema. pg_catalog comes first in
-- every search_path, but an operator or function planted in a later schema wins if its argument types fit
-- better: so functions are qualified, and what is compared is cast to types that pg_catalog compares exactly.
create function audit_rows(of_table text, random_pages integer) returns text
language plpgsql
stable
set search_path from current
as $$
declare
  pages bigint := pg_catalog.pg_relation_size(pg_catalog.to_regclass(pg_catalog.quote_ident(of_table)))
    / pg_catalog.current_setting('block_size')::bigint;
begin
  if pages <= 60 then
    return pg_catalog.format('(select * from only %I)', of_table);
  end if;
  return pg_catalog.format(
    '(
      with random_rows as materialized (
        select ctid as audit_place, * from only %1$I tablesample system (%2$s) repeatable (1)
      ),
      newest_rows as materialized (
        select ctid as audit_place, * from only %1$I order by id desc limit 30
      )
      select * from random_rows
      union all
      select * from newest_rows where audit_place not in (select audit_place from random_rows)
    )',
    of_table,
    pg_catalog.round(100.0 * random_pages::numeric / pages::numeric, 6)
  );
end
$$;
revoke all on function audit_rows(text, integer) from public;

-- 60_audit_settings.sql
-- Twenty-odd settings of the server, among them which libraries it loads, are shown to members of
-- pg_read_all_settings only. Without them the audit says that it could not look. It is no right to any row.
do $$
begin
  if not pg_has_role('nosender_auditor', 'pg_read_all_settings', 'member') then
    grant pg_read_all_settings to nosender_auditor;
  end if;
exception
  when insufficient_privilege then
    raise notice 'the role % may not grant pg_read_all_settings; have an administrator run: '
      'grant pg_read_all_settings to nosender_auditor;', current_user;
  when unique_violation or internal_error then  -- another database granted it in the same moment
    null;
end
$$;

-- 61_audit_extent.sql
-- Whether the probes read a table whole or in part.
create function audit_extent() returns table (table_name text, whole boolean)
language sql
stable
security definer
set search_path from current
set row_security = off
as $$
  select
    ours.name,
    pg_catalog.pg_relation_size(pg_catalog.to_regclass(pg_catalog.quote_ident(ours.name)))
    <= 60 * pg_catalog.current_setting('block_size')::bigint
  from (
    values
      ('users'), ('webauthn_credentials'), ('messages'), ('device_session_keys'), ('message_deliveries'),
      ('ephemeral_keys'), ('messaging_public_keys')
  ) as ours (name)
$$;
revoke all on function audit_extent() from public;
grant execute on function audit_extent() to nosender_auditor;

-- 62_audit_deliveries.sql
-- How many deliveries go to a device that is not the destination's own. Each costs a look into three indexes,
-- so of a large table about 10 pages are read.
create function audit_deliveries() returns table (examined bigint, strangers bigint)
language plpgsql
stable
security definer
set search_path from current
set row_security = off
as $$
begin
  return query execute pg_catalog.format(
    'select
      pg_catalog.count(*),
      pg_catalog.count(*) filter (where (u.phone_number::text = m.destination_phone::text) is not true)
    from %s as r
    left join only messages as m on m.id = r.message_id
    left join only webauthn_credentials as w on w.id = r.webauthn_credential_id
    left join only users as u on u.id = w.user_id',
    audit_rows('message_deliveries', 10)
  );
end
$$;
revoke all on function audit_deliveries() from public;
grant execute on function audit_deliveries() to nosender_auditor;

-- 62_audit_session_key_owners.sql
-- How many session keys are stored for the device of another user.
create function audit_session_key_owners() returns table (examined bigint, strangers bigint)
language plpgsql
stable
security definer
set search_path from current
set row_security = off
as $$
begin
  return query execute pg_catalog.format(
    'select
      pg_catalog.count(*),
      pg_catalog.count(*) filter (where (w.user_id = r.user_id) is not true)
    from %s as r
    left join only webauthn_credentials as w on w.id = r.webauthn_credential_id
    where r.webauthn_credential_id is not null',
    audit_rows('device_session_keys', 10)
  );
end
$$;
revoke all on function audit_session_key_owners() from public;
grant execute on function audit_session_key_owners() to nosender_auditor;

-- 63_audit_shared_values.sql
-- Per column: how many values stand under more than one owner, where an owner is a user or a destination.
-- Live columns, declared or not: a conversation by another name is still shared. Of bytes the first 64 and,
-- as `name[1..8]`, the first 8 are compared. Types that somebody made are left out: comparing them could run
-- their code with the owner's rights.
--
-- distinct_values, and of these shared_values with two owners or more; pairs of a value and an owner; the
-- most owners of one value; all owners seen.
create function audit_shared_values()
returns table (
  table_name text, column_name text, examined bigint, distinct_values bigint, shared_values bigint,
  pairs bigint, widest bigint, owners bigint
)
language plpgsql
stable
security definer
set search_path from current
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
      case listed.name
        when 'message_deliveries' then
          audit_rows('message_deliveries', 10)
          || ' as r inner join only webauthn_credentials as w on w.id = r.webauthn_credential_id'
        else audit_rows(listed.name, 60) || ' as r'
      end as from_item
    from (
      values
        ('messages', 'r.destination_phone'),
        ('ephemeral_keys', 'r.destination_phone'),
        ('device_session_keys', 'r.user_id'),
        ('messaging_public_keys', 'r.user_id'),
        ('webauthn_credentials', 'r.user_id'),
        ('users', 'r.id'),
        ('message_deliveries', 'w.user_id')
    ) as listed (name, owner)
  loop
    for part in
      select
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
        a.attrelid = pg_catalog.to_regclass(pg_catalog.quote_ident(holder.name))
        and a.attnum > 0
        and not a.attisdropped
        and t.oid < 16384::oid
        and a.attname::text <> 'id'
        and 'r.' || a.attname::text <> holder.owner
        and a.attgenerated <> 'v'::"char"
        and not (holder.name = 'message_deliveries' and a.attname::text in ('message_id', 'webauthn_credential_id'))
      order by a.attnum, shape.suffix
    loop
      return query execute pg_catalog.format(
        'with held as (
          select %1$s as held_value, %2$s as held_by, pg_catalog.count(*) as copies
          from %3$s
          where %1$s is not null
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
          (select pg_catalog.count(*) from (select distinct held_by from held) as h)
        from spread',
        part.expression, holder.owner, holder.from_item, holder.name, part.label
      );
    end loop;
  end loop;
end
$$;
revoke all on function audit_shared_values() from public;
grant execute on function audit_shared_values() to nosender_auditor;

-- 64_audit_content.sql
-- Per column of bytes or text: how many values look like something that should not be there. Of bytes the
-- first 128 are looked at; of values that are stored outside the row, which cost four pages each, only the
-- 12 newest.
--
-- printable: nine tenths of the bytes are printable ASCII, as in text, JSON, base64 or hex.
-- uniform: fewer than 0.65 of the different byte values that as many random bytes would show.
-- structured: starts like a picture, an archive or another file format. zlib: starts like a zlib stream.
-- contacts: holds a phone number, an e-mail or an IP address.
-- repeated: further rows with the same 64 first bytes; repeated_nonce: with the same 12; repeated_prefix: 4.
create function audit_content()
returns table (
  table_name text, column_name text, examined bigint, printable bigint, uniform bigint, structured bigint,
  zlib bigint, contacts bigint, repeated bigint, repeated_nonce bigint, repeated_prefix bigint
)
language plpgsql
stable
security definer
set search_path from current
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
      on a.attrelid = pg_catalog.to_regclass(pg_catalog.quote_ident(ours.name))
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
        heads as (
          select substring(content from 1 for 128) as head
          from stored
          where place <= 12 or not outside
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
          pg_catalog.count(*) - pg_catalog.count(distinct substring(head from 1 for 4))
        from measured',
        part.attname, audit_rows(part.name, 60), part.name, contact
      );
    else
      return query execute pg_catalog.format(
        'select
          %3$L, %1$L,
          pg_catalog.count(*),
          0::bigint, 0::bigint, 0::bigint, 0::bigint,
          pg_catalog.count(*) filter (where pg_catalog.left(r.%1$I::text, 1000) ~ %4$L),
          0::bigint, 0::bigint, 0::bigint
        from %2$s as r
        where r.%1$I is not null',
        part.attname, audit_rows(part.name, 60), part.name, contact
      );
    end if;
  end loop;
end
$$;
revoke all on function audit_content() from public;
grant execute on function audit_content() to nosender_auditor;

-- 65_audit_identifiers.sql
-- Per identifier that a client should have drawn at random: how many say when, in which order, or by whom.
-- timed: a UUID of version 1, 6 or 7, or a ULID of these years. digits: a number, so a counter or a
-- snowflake. phones: holds the destination's number, or any number written with a plus sign. short: under 16
-- characters. prefixes: different first six characters. ascending: later rows that sort after the row before.
create function audit_identifiers()
returns table (
  table_name text,
  column_name text,
  examined bigint,
  timed bigint,
  digits bigint,
  phones bigint,
  short bigint,
  prefixes bigint, ascending bigint
)
language plpgsql
stable
security definer
set search_path from current
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
        pg_catalog.count(distinct pg_catalog.left(name, 6)),
        pg_catalog.count(*) filter (where name collate pg_catalog."C" > before collate pg_catalog."C")
      from named',
      part.name, part.attribute, part.phone, audit_rows(part.name, 60)
    );
  end loop;
end
$$;
revoke all on function audit_identifiers() from public;
grant execute on function audit_identifiers() to nosender_auditor;

-- 65_audit_times.sql
-- Per stored time: how many are finer than they may be.
create function audit_times() returns table (table_name text, column_name text, examined bigint, finer bigint)
language plpgsql
stable
security definer
set search_path from current
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
        )
      from %4$s as r
      where r.%2$I is not null and pg_catalog.isfinite(r.%2$I)',
      part.name, part.attribute, part.resolution, audit_rows(part.name, 60)
    );
  end loop;
end
$$;
revoke all on function audit_times() from public;
grant execute on function audit_times() to nosender_auditor;

-- 66_audit_order.sql
-- How well the order of insertion can be read: pairs of neighbours by id, and those that also follow each
-- other in the file and by the transaction that wrote them.
create function audit_order()
returns table (table_name text, pairs bigint, in_file_order bigint, in_transaction_order bigint)
language plpgsql
stable
security definer
set search_path from current
set row_security = off
as $$
declare
  name text;
begin
  foreach name in array array['messages', 'message_deliveries', 'device_session_keys', 'ephemeral_keys'] loop
    return query execute pg_catalog.format(
      'with newest as (
        select r.id, r.ctid as place, r.xmin::text::bigint as transaction
        from only %1$I as r
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
      name
    );
  end loop;
end
$$;
revoke all on function audit_order() from public;
grant execute on function audit_order() to nosender_auditor;

-- 66_audit_same_transaction.sql
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

-- 66_audit_sizes.sql
-- How many different lengths the ciphertexts have, and how many rows share the commonest.
create function audit_sizes()
returns table (table_name text, column_name text, examined bigint, sizes bigint, commonest bigint)
language plpgsql
stable
security definer
set search_path from current
set row_security = off
as $$
begin
  return query execute pg_catalog.format(
    'with classes as (
      select pg_catalog.octet_length(r.encrypted_content) as size, pg_catalog.count(*) as members
      from %s as r
      group by 1
    )
    select
      ''messages'', ''encrypted_content'',
      coalesce(pg_catalog.sum(members), 0)::bigint, pg_catalog.count(*), coalesce(pg_catalog.max(members), 0)
    from classes',
    audit_rows('messages', 60)
  );
end
$$;
revoke all on function audit_sizes() from public;
grant execute on function audit_sizes() to nosender_auditor;

-- 67_audit_ledger.sql
-- What the ledger of the sweeps says, in counts: its newest thousand rows, and of these how many do not
-- follow from the row before; how many runs came to an end, and how long ago the last one did.
create function audit_ledger()
returns table (examined bigint, broken bigint, finished bigint, seconds bigint)
language sql
stable
security definer
set search_path from current
set row_security = off
as $$
  with newest as (
    select r.*
    from only retention_runs as r
    order by r.id desc
    limit 1001
  ),
  chained as (
    select
      n.id,
      n.phase,
      n.status,
      n.clock_after,
      n.previous_hash,
      n.row_hash,
      pg_catalog.sha256(pg_catalog.convert_to(retention_row_text(n::retention_runs), 'UTF8')) as true_hash,
      pg_catalog.lag(n.id) over (order by n.id) as id_before,
      pg_catalog.lag(n.row_hash) over (order by n.id) as hash_before,
      pg_catalog.row_number() over (order by n.id) as place
    from newest as n
  )
  select
    pg_catalog.count(*),
    pg_catalog.count(*) filter (
      where c.row_hash <> c.true_hash
      or (c.place > 1 and (c.id <> c.id_before + 1 or c.previous_hash <> c.hash_before))
    ),
    pg_catalog.count(*) filter (where c.phase::text = 'finished' and c.status::text in ('done', 'partial')),
    coalesce(extract(epoch from (pg_catalog.now() at time zone 'utc') - pg_catalog.max(c.clock_after) filter (
      where c.phase::text = 'finished' and c.status::text in ('done', 'partial')
    ))::bigint, 0::bigint)
  from chained as c
$$;
revoke all on function audit_ledger() from public;
grant execute on function audit_ledger() to nosender_auditor;

-- 67_audit_overdue.sql
-- What stands longer than its expiry and the grace allow. Reads the ends of indexes: at most a thousand rows
-- of each kind are counted, and `seconds` is how far the oldest is past its expiry, without the grace.
create function audit_overdue(grace interval)
returns table (table_name text, column_name text, overdue bigint, seconds bigint)
language sql
stable
security definer
set search_path from current
set row_security = off
as $$
  with clock as (select (pg_catalog.now() at time zone 'utc') as moment),
  late as (
    (
      select 'messages' as name, 'expires_at' as attribute, m.expires_at as since
      from only messages as m
      where m.expires_at < (select moment from clock) - grace
      order by m.expires_at, m.id
      limit 1000
    )
    union all
    (
      select 'device_session_keys', 'expires_at', k.expires_at
      from only device_session_keys as k
      where k.is_active and k.expires_at < (select moment from clock) - grace
      order by k.expires_at
      limit 1000
    )
    union all
    (
      select 'ephemeral_keys', 'expires_at', e.expires_at
      from only ephemeral_keys as e
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
      from only ephemeral_keys as e
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
revoke all on function audit_overdue(interval) from public;
grant execute on function audit_overdue(interval) to nosender_auditor;

-- 67_audit_rewrites.sql
-- Per column that was dropped from a table of this schema: how many receipts of the ledger say that the
-- table's file, the one it has now, was written after that. Numbers of catalogs and of receipts, no row of
-- any table.
create function audit_rewrites() returns table (table_name text, column_number integer, receipts bigint)
language sql
stable
security definer
set search_path from current
set row_security = off
as $$
  select
    c.relname::text,
    a.attnum::integer,
    (
      select pg_catalog.count(*)
      from only retention_runs as r
      where
        r.phase::text = 'rewritten'
        and r.table_name::text = c.relname::text
        and r.file_number = pg_catalog.pg_relation_filenode(c.oid)::bigint
        and a.attnum = any (r.dropped_columns)
    )
  from pg_catalog.pg_attribute as a
  inner join pg_catalog.pg_class as c on c.oid = a.attrelid
  where
    c.relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()))
    and c.relkind in ('r'::"char", 'p'::"char", 'm'::"char")
    and a.attnum > 0
    and a.attisdropped
  order by 1, 2
$$;
revoke all on function audit_rewrites() from public;
grant execute on function audit_rewrites() to nosender_auditor;

-- 67_audit_statistics.sql
-- Per column of ours: how many of its values the planner's statistics keep. They outlive the rows.
create function audit_statistics() returns table (table_name text, column_name text, kept bigint)
language sql
stable
security definer
set search_path from current
set row_security = off
as $$
  select
    s.tablename::text,
    s.attname::text,
    (
      coalesce(pg_catalog.array_length(s.most_common_vals::text::text[], 1), 0)
      + coalesce(pg_catalog.array_length(s.histogram_bounds::text::text[], 1), 0)
      + coalesce(pg_catalog.array_length(s.most_common_elems::text::text[], 1), 0)
    )::bigint
  from pg_catalog.pg_stats as s
  where s.schemaname = pg_catalog.current_schema()
  order by 1, 2
$$;
revoke all on function audit_statistics() from public;
grant execute on function audit_statistics() to nosender_auditor;

-- 68_audit_matching_values.sql
-- Per text column outside this schema: how many of up to 300 rows hold a phone number that is a user's or a
-- destination's of ours. Plain tables only, and built-in types only: nothing that could run somebody else's
-- code with the owner's rights. What the owner may not read is said to be unreadable.
create function audit_matching_values()
returns table (
  schema_name text, table_name text, column_name text, examined bigint, matching bigint, readable boolean
)
language plpgsql
stable
security definer
set search_path from current
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
      pg_catalog.has_schema_privilege(n.oid, 'usage')
      and pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
      and not c.relrowsecurity as may_read,
      pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint as pages
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid
    inner join pg_catalog.pg_type as t on t.oid = a.atttypid
    where
      c.relkind in ('r'::"char", 'm'::"char")
      and c.relpersistence <> 't'::"char"
      and c.oid >= 16384::oid
      and n.nspname::text <> pg_catalog.current_schema()::text
      and a.attnum > 0
      and not a.attisdropped
      and a.attgenerated <> 'v'::"char"
      and t.typname::text in ('text', 'varchar', 'bpchar')
      and t.oid < 16384::oid
    order by n.nspname, c.relname, a.attnum
    limit 2000
  loop
    schema_name := part.nspname;
    table_name := part.relname;
    column_name := part.attname;
    readable := part.may_read;
    examined := 0;
    matching := 0;
    if readable then
      execute pg_catalog.format(
        'with taken as (
          select pg_catalog.left(r.%1$I::text, 40) as held
          from only %2$I.%3$I as r %4$s
          where r.%1$I is not null
          limit 300
        )
        select
          pg_catalog.count(*),
          pg_catalog.count(*) filter (
            where exists (select from only users as u where u.phone_number::text = n.number)
            or exists (select from only messages as m where m.destination_phone::text = n.number)
            or exists (select from only ephemeral_keys as e where e.destination_phone::text = n.number)
          )
        from taken
        cross join lateral (
          select ''+'' || pg_catalog.regexp_replace(taken.held, ''[^0-9]'', '''', ''g'') as number
        ) as n',
        part.attname, part.nspname, part.relname,
        case when part.pages > 60 then
          pg_catalog.format('tablesample system (%s) repeatable (1)', pg_catalog.round(2000.0 / part.pages::numeric, 6))
        else '' end
      ) into examined, matching;
    end if;
    return next;
  end loop;
end
$$;
revoke all on function audit_matching_values() from public;
grant execute on function audit_matching_values() to nosender_auditor;

-- 68_audit_public_keys.sql
-- Published keys with their signatures, so that the auditor can verify them: public by their nature, without
-- owner or version, in an order that says nothing. The only probe that returns values.
create function audit_public_keys()
returns table (x25519_public_key bytea, ed25519_signature bytea, ed25519_public_key bytea)
language plpgsql
volatile
security definer
set search_path from current
set row_security = off
as $$
begin
  return query execute pg_catalog.format(
    'select r.x25519_public_key, r.ed25519_signature, r.ed25519_public_key
    from %s as r
    order by pg_catalog.random()
    limit 1000',
    audit_rows('messaging_public_keys', 20)
  );
end
$$;
revoke all on function audit_public_keys() from public;
grant execute on function audit_public_keys() to nosender_auditor;

-- 69_audit_ledger_chain.sql
-- The ledger's chain in numbers: rows, and how many are missing, do not follow the one before or are not what
-- their hash was taken of. All of it, from its beginning.
create function audit_ledger_chain()
returns table (entries bigint, missing bigint, unlinked bigint, altered bigint)
language sql
stable
security definer
set search_path from current
set row_security = off
as $$
  with chain as (
    select
      e.id,
      e.previous_hash,
      e.row_hash,
      pg_catalog.lag(e.id) over (order by e.id) as before_id,
      pg_catalog.lag(e.row_hash) over (order by e.id) as before_hash,
      pg_catalog.sha256(pg_catalog.convert_to(retention_row_text(e), 'UTF8')) as made
    from only retention_runs as e
  ),
  linked as (
    select
      c.*,
      coalesce(c.before_id, a.anchor_id, 0::bigint) as expected_after,
      coalesce(c.before_hash, a.anchor_hash, pg_catalog.sha256('nosender.retention_runs/1'::bytea)) as expected_hash
    from chain as c
    -- The first row may follow rows that were past their age: a receipt says which, and with what hash.
    left join only retention_runs as a on c.before_id is null and a.anchor_id = c.id - 1 and a.id > c.id
  )
  select
    pg_catalog.count(*),
    coalesce(pg_catalog.sum(l.id - l.expected_after - 1), 0::numeric)::bigint,
    pg_catalog.count(*) filter (where l.id = l.expected_after + 1 and l.previous_hash <> l.expected_hash),
    pg_catalog.count(*) filter (where l.row_hash <> l.made)
  from linked as l
$$;
revoke all on function audit_ledger_chain() from public;
grant execute on function audit_ledger_chain() to nosender_auditor;

-- The canaries that stand, and for how many seconds they have been due; negative while they are not. Their
-- number is compared as text, which pg_catalog compares itself: see 60_audit_rows.sql.
create function audit_canaries()
returns table (table_name text, seconds bigint)
language sql
stable
security definer
set search_path from current
set row_security = off
as $$
  select c.table_name, extract(epoch from (pg_catalog.now() at time zone 'utc') - c.expires_at)::bigint
  from (
    select 'messages' as table_name, m.expires_at from only messages as m
    where m.destination_phone::text = '+999999999999999'
    union all
    select 'ephemeral_keys' as table_name, e.expires_at from only ephemeral_keys as e
    where e.destination_phone::text = '+999999999999999'
  ) as c
$$;
revoke all on function audit_canaries() from public;
grant execute on function audit_canaries() to nosender_auditor;

-- 69_audit_revision.sql
-- The revision that Alembic recorded; null where it recorded none.
create function audit_revision() returns text
language plpgsql
stable
security definer
set search_path from current
set row_security = off
as $$
declare
  revision text;
begin
  if pg_catalog.to_regclass('alembic_version') is not null then
    execute 'select pg_catalog.string_agg(v.version_num::text, '','' order by v.version_num) '
    'from only alembic_version as v' into revision;
  end if;
  return revision;
end
$$;
revoke all on function audit_revision() from public;
grant execute on function audit_revision() to nosender_auditor;
