-- What a login without rights counts in a project's own tables.
set local search_path = pg_catalog, pg_temp;

-- 599_audit_project_declared.sql
-- What a project declares of its own columns, in the columns of audit_declared, which adds it to ours: so
-- a login that may read no table has a project's counted, too. Empty, and no revision of ours makes it again:
-- the rows are the project's, put here by a revision of its own that `nosender project freeze` writes.
create function public.audit_project_declared()
returns table (table_name text, column_name text, class text, resolution interval, leads_to text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select null::text, null::text, null::text, null::interval, null::text
  where false
$$;

revoke all on function public.audit_project_declared() from public;

-- 603_audit_declared.sql
-- Made from the catalogue by `make generate`: each declared column, its class, how finely a time may be told,
-- and to whom it leads, where it says whose the row is: to a user, to a destination by its number or to a
-- device; and where it leads to a message, which its destination shares. A project's columns come after ours.
create or replace function public.audit_declared()
returns table (table_name text, column_name text, class text, resolution interval, leads_to text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  values
  ('alembic_version'::text, 'version_num', 'bookkeeping', null::interval, null::text),
  ('device_session_keys', 'id', 'serial', null, null),
  ('device_session_keys', 'user_id', 'link', null, 'user'),
  ('device_session_keys', 'webauthn_credential_id', 'link', null, null),
  ('device_session_keys', 'session_key_id', 'random-id', null, null),
  ('device_session_keys', 'encrypted_session_key', 'wrapped-key', null, null),
  ('device_session_keys', 'key_rotation_counter', 'counter', null, null),
  ('device_session_keys', 'created_at', 'time', '3600 seconds', null),
  ('device_session_keys', 'expires_at', 'expiry', '3600 seconds', null),
  ('device_session_keys', 'is_active', 'state', null, null),
  ('ephemeral_keys', 'id', 'serial', null, null),
  ('ephemeral_keys', 'destination_phone', 'destination-phone', null, 'destination'),
  ('ephemeral_keys', 'ephemeral_public_key', 'public-key', null, null),
  ('ephemeral_keys', 'key_exchange_id', 'random-id', null, null),
  ('ephemeral_keys', 'created_at', 'time', '3600 seconds', null),
  ('ephemeral_keys', 'expires_at', 'expiry', '900 seconds', null),
  ('ephemeral_keys', 'used', 'state', null, null),
  ('message_deliveries', 'id', 'serial', null, null),
  ('message_deliveries', 'message_id', 'link', null, 'message'),
  ('message_deliveries', 'webauthn_credential_id', 'link', null, 'device'),
  ('message_deliveries', 'delivered_at', 'time', '3600 seconds', null),
  ('message_deliveries', 'read_at', 'time', '3600 seconds', null),
  ('message_deliveries', 'delivery_status', 'state', null, null),
  ('messages', 'id', 'serial', null, null),
  ('messages', 'destination_phone', 'destination-phone', null, 'destination'),
  ('messages', 'encrypted_content', 'ciphertext', null, null),
  ('messages', 'message_id', 'random-id', null, null),
  ('messages', 'timestamp', 'time', '3600 seconds', null),
  ('messages', 'created_at', 'time', '3600 seconds', null),
  ('messages', 'expires_at', 'expiry', '3600 seconds', null),
  ('messages', 'message_type', 'state', null, null),
  ('messaging_public_keys', 'id', 'serial', null, null),
  ('messaging_public_keys', 'user_id', 'link', null, 'user'),
  ('messaging_public_keys', 'x25519_public_key', 'public-key', null, null),
  ('messaging_public_keys', 'ed25519_signature', 'signature', null, null),
  ('messaging_public_keys', 'ed25519_public_key', 'public-key', null, null),
  ('messaging_public_keys', 'key_version', 'counter', null, null),
  ('messaging_public_keys', 'created_at', 'time', '3600 seconds', null),
  ('messaging_public_keys', 'revoked_at', 'time', '3600 seconds', null),
  ('messaging_public_keys', 'is_active', 'state', null, null),
  ('migration_journal', 'id', 'serial', null, null),
  ('migration_journal', 'revision', 'bookkeeping', null, null),
  ('migration_journal', 'direction', 'bookkeeping', null, null),
  ('migration_journal', 'step', 'bookkeeping', null, null),
  ('migration_journal', 'algorithm', 'bookkeeping', null, null),
  ('migration_journal', 'checksum', 'bookkeeping', null, null),
  ('migration_journal', 'recorded_at', 'time', '0 seconds', null),
  ('retention_runs', 'id', 'serial', null, null),
  ('retention_runs', 'run_id', 'bookkeeping', null, null),
  ('retention_runs', 'phase', 'bookkeeping', null, null),
  ('retention_runs', 'table_name', 'bookkeeping', null, null),
  ('retention_runs', 'status', 'bookkeeping', null, null),
  ('retention_runs', 'error_class', 'bookkeeping', null, null),
  ('retention_runs', 'policy_hash', 'bookkeeping', null, null),
  ('retention_runs', 'cutoff', 'time', '0 seconds', null),
  ('retention_runs', 'clock_before', 'time', '0 seconds', null),
  ('retention_runs', 'clock_after', 'time', '0 seconds', null),
  ('retention_runs', 'deleted', 'bookkeeping', null, null),
  ('retention_runs', 'deactivated', 'bookkeeping', null, null),
  ('retention_runs', 'children', 'bookkeeping', null, null),
  ('retention_runs', 'batches', 'bookkeeping', null, null),
  ('retention_runs', 'blocked', 'bookkeeping', null, null),
  ('retention_runs', 'oldest_remaining', 'time', '0 seconds', null),
  ('retention_runs', 'anchor_id', 'bookkeeping', null, null),
  ('retention_runs', 'anchor_hash', 'bookkeeping', null, null),
  ('retention_runs', 'file_number', 'bookkeeping', null, null),
  ('retention_runs', 'dropped_columns', 'bookkeeping', null, null),
  ('retention_runs', 'previous_hash', 'bookkeeping', null, null),
  ('retention_runs', 'row_hash', 'bookkeeping', null, null),
  ('retention_runs', 'form', 'bookkeeping', null, null),
  ('retention_runs', 'version', 'bookkeeping', null, null),
  ('retention_runs', 'schema_name', 'bookkeeping', null, null),
  ('retention_runs', 'node', 'bookkeeping', null, null),
  ('retention_runs', 'settled', 'bookkeeping', null, null),
  ('retention_runs', 'settled_until', 'time', '0 seconds', null),
  ('users', 'id', 'serial', null, 'user'),
  ('users', 'phone_number', 'account-phone', null, null),
  ('users', 'created_at', 'time', '3600 seconds', null),
  ('webauthn_credentials', 'id', 'serial', null, null),
  ('webauthn_credentials', 'user_id', 'link', null, 'user'),
  ('webauthn_credentials', 'credential_id', 'device-id', null, null),
  ('webauthn_credentials', 'public_key', 'device-key', null, null),
  ('webauthn_credentials', 'sign_count', 'counter', null, null),
  ('webauthn_credentials', 'created_at', 'time', '3600 seconds', null),
  ('webauthn_credentials', 'is_active', 'state', null, null)
  union all
  select p.* from public.audit_project_declared() as p
$$;

-- 661_audit_same_transaction.sql
-- How many transactions wrote both for a destination and for a user who is somebody else: xmin, which every
-- row keeps, then joins the two. Small tables are compared whole, else the 100 of the highest ids of each; a
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
      'outward', ('public.' || pg_catalog.quote_ident(sent.name))::regclass,
      'own', ('public.' || pg_catalog.quote_ident(own.name))::regclass,
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

-- 662_audit_sizes.sql
-- How many different lengths the ciphertexts have, and how many rows share the commonest, column by column.
create or replace function public.audit_sizes()
returns table (
  table_name text, column_name text, examined bigint, sizes bigint, commonest bigint, whole boolean
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
    select c.parts from public.audit_columns() as c where c.class = 'ciphertext' and c.type = 'bytea'
  loop
    return query execute public.audit_text(
      $sizes$
        with classes as (
          select pg_catalog.octet_length({value}) as size, pg_catalog.count(*) as members
          from {rows} as r
          group by 1
        )
        select
          {table}::text as table_name,
          {name}::text as column_name,
          coalesce(pg_catalog.sum(members), 0)::bigint as examined,
          pg_catalog.count(*) as sizes,
          coalesce(pg_catalog.max(members), 0) as commonest,
          {whole}::boolean as whole
        from classes
      $sizes$,
      part.parts
    );
  end loop;
end
$$;

-- 677_audit_own_values.sql
-- The statement that looks, in the columns of our own tables, for what is stored about somebody else than the
-- row is for. At most 80,000 bytes of a column are looked at, and of each value 2,048: at every fourth place
-- six bytes are compared with the last nine of what is known, beginnings being often alike; what is found is
-- compared whole. Of ciphertexts for different destinations it counts what is alike at the same place, too.
create or replace function public.audit_own_values() returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  held text;
  listed text;
begin
  with searched as (
    select
      c.*,
      -- what tells nobody apart is looked at once, whoever has it
      coalesce(c.class, '') in ('state', 'counter', 'bookkeeping') as once,
      case
        when c.type = 'bytea' then '{value}::bytea'
        else 'pg_catalog.convert_to(pg_catalog.left({spelled}, 1000), ''UTF8'')'
      end as bytes,
      pg_catalog.row_number() over (order by c.table_name, c.parts ->> 'name') - 1 as label
    from public.audit_columns() as c
    where
      c.type not in (
        'boolean', 'smallint', 'real', 'interval', 'oid', 'time without time zone', 'time with time zone',
        '"char"', 'timestamp without time zone', 'timestamp with time zone', 'date'
      )
      and (
        coalesce(c.class, '') in ('', 'ciphertext', 'wrapped-key', 'random-id', 'state')
        or c.class = 'counter' and c.type in ('integer', 'bigint')
        or c.class = 'bookkeeping' and c.type not in ('integer', 'bigint')
        -- of a project's own each, whatever its class says: only the guards of ours hold a column to that
        or coalesce(c.class, '') <> 'link' and c.table_name in (
          select p.table_name from public.audit_project_declared() as p
        )
      )
  )
  select
    pg_catalog.string_agg(public.audit_text(
      $held$(
        select
          {label} as label, w.id, w.phone, w.owner, {random} as random,
          pg_catalog.substring(w.content, 1, 2048) as content,
          {whole} and w.total = pg_catalog.count(*) over ()
          and pg_catalog.bool_and(pg_catalog.octet_length(w.content) <= 2048) over () as whole
        from (
          select
            v.*,
            pg_catalog.row_number() over (order by v.place) as id,
            pg_catalog.sum(least(2048, pg_catalog.octet_length(v.content))) over (order by v.place) as bytes,
            pg_catalog.count(*) over () as total
          from (
            select {distinct}
              {bytes} as content,
              {phone} as phone,
              {user} as owner,
              {outside} as outside,
              {drawn} as place
            from {rows} as r
            where {value} is distinct from null
          ) as v
        ) as w
        where w.bytes <= 80000 and (not w.outside or w.id <= {far})
      )$held$,
      s.parts || pg_catalog.jsonb_build_object(
        'label', s.label,
        'random', (coalesce(s.class, '') = 'ciphertext')::text,
        'distinct', case when s.once then 'distinct' else '' end,
        'bytes', public.audit_text(s.bytes, s.parts),
        'phone', case
          when s.once or s.destination is null then 'null::text'
          else pg_catalog.format('r.%I::text', s.destination)
        end,
        'user', case
          when s.once or s.owner_is is distinct from 'user' then 'null::integer'
          else pg_catalog.format('r.%I::integer', s.owner_column)
        end,
        'outside', case
          when coalesce(s.class, '') in ('', 'ciphertext', 'wrapped-key')
            then public.audit_text('pg_catalog.pg_column_size({value}) > 2000', s.parts)
          else 'false'
        end,
        'drawn', case
          when s.once then public.audit_text('pg_catalog.md5(' || s.bytes || ')', s.parts)
          else 'pg_catalog.hashtextextended(r.audit_place::text, 1)'
        end,
        'far', case when s.whole then '100' else '8' end
      )
    ), ' union all ' order by s.label),
    pg_catalog.string_agg(
      pg_catalog.format('(%s, %L::text, %L::text)', s.label, s.table_name, s.column_name), ', '
      order by s.label
    )
  into held, listed
  from searched as s;
  return public.audit_text(
    $own$
      with known as materialized (
        select distinct k.whole, k.owner, pg_catalog.octet_length(k.whole) as size from ({known}) as k
      ),
      endings as materialized (
        select
          k.whole, k.owner, k.size, k.size - 5 - back as place,
          pg_catalog.substring(k.whole, k.size - 5 - back, 6) as piece
        from known as k
        cross join pg_catalog.generate_series(0, 3) as back
      ),
      held as materialized ({held}),
      pieces as materialized (
        select h.label, h.id, h.random, h.phone, i as place, pg_catalog.substring(h.content, i, 6) as piece
        from held as h
        cross join lateral pg_catalog.generate_series(1, pg_catalog.octet_length(h.content) - 5, 4) as i
      ),
      strangers as materialized (
        select distinct h.label, h.id
        from pieces as p
        inner join endings as k on k.piece = p.piece
        inner join held as h on h.label = p.label and h.id = p.id
        where
          p.place >= k.place
          and pg_catalog.substring(h.content, p.place - k.place + 1, k.size) = k.whole
          and (
            select u.phone_number::text from only {users} as u where u.id = k.owner
          ) is distinct from coalesce(
            h.phone, (select u.phone_number::text from only {users} as u where u.id = h.owner)
          )
      ),
      alike as materialized (
        select f.label, pg_catalog.sum(f.copies)::bigint as copies
        from (
          select p.label, pg_catalog.count(*) as copies
          from pieces as p
          where p.random
          group by p.label, p.place, p.piece
          having pg_catalog.count(*) > 1 and pg_catalog.min(p.phone) < pg_catalog.max(p.phone)
        ) as f
        group by f.label
      )
      select
        {schema}::text as schema_name,
        c.table_name,
        c.column_name,
        (select pg_catalog.count(*) from held as h where h.label = c.label) as examined,
        (select pg_catalog.count(*) from known) as compared,
        (select pg_catalog.count(*) from strangers as s where s.label = c.label) as matching,
        coalesce((select a.copies from alike as a where a.label = c.label), 0) as repeated,
        true as readable,
        true as looked,
        coalesce((select pg_catalog.bool_and(h.whole) from held as h where h.label = c.label), true) as whole,
        null::text as reason
      from (values {columns}) as c (label, table_name, column_name)
    $own$,
    pg_catalog.jsonb_build_object(
      'known', public.audit_known_values(),
      'held', held,
      'users', 'public.users'::regclass::text,
      'schema', (
        select pg_catalog.quote_literal(n.nspname)
        from pg_catalog.pg_namespace as n
        where n.oid = 'public'::regnamespace::oid
      ),
      'columns', listed
    )
  );
end
$$;

-- 850_comments.sql
comment on routine public.audit_project_declared is
'Says the same of a project''s own columns; empty until a revision of the project says more.';
