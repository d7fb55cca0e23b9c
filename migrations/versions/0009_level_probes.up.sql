-- The counting functions look at what a statement of somebody who may read the tables looks at, by the same
-- templates, and take what they look at from the catalogue's own list.
set local search_path = pg_catalog, pg_temp;

-- Their answers have more columns.
drop function public.audit_content();
drop function public.audit_identifiers();
drop function public.audit_times();
drop function public.audit_matching_values();

-- 600_audit_rows.sql
-- What a probe reads of a table, as the text of a FROM item: all of it up to 256 pages (2 MB), else some
-- pages chosen at random, the same ones in every run, and the 30 newest rows, where today's mistake would
-- be. So no probe costs more as a table grows: where it samples at most 120 pages for a column, with 40
-- pages at random (which vary by a dozen) and 8 values that are stored outside their rows. ONLY: a child
-- that somebody attached is not ours, and may be foreign. Each row has its place in the file, audit_place.
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
    return pg_catalog.format('(select ctid as audit_place, * from only %s)', home);
  end if;
  return pg_catalog.format(
    case when exists (
      select
      from pg_catalog.pg_attribute as a
      where a.attrelid = home::oid and a.attname::text = 'id' and not a.attisdropped
    ) then
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
      )'
    else '(select ctid as audit_place, * from only %1$s tablesample system (%2$s) repeatable (1))'
    end,
    home,
    pg_catalog.round(100.0 * random_pages::numeric / pages::numeric, 6)
  );
end
$$;

-- 603_audit_declared.sql
-- Made from the catalogue by `make generate`: each declared column, its class, how finely a time may be told,
-- and to whom it leads, where it says whose the row is: to a user, to a destination by its number or to a
-- device; and where it leads to a message, which its destination shares.
create function public.audit_declared()
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
$$;

revoke all on function public.audit_declared() from public;

-- 604_audit_text.sql
-- A template of a probe with its parts in place of their {names}; null where one is missing. The templates
-- stand in the probes, between their own dollar signs, and the audit of somebody who may read the tables
-- fills the same ones: what a login without rights is told and what a superuser sees is one text.
create function public.audit_text(template text, parts jsonb) returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when pg_catalog.bool_and(p.piece[2] is null or parts ? p.piece[2])
      -- in one pass, or what somebody named a column would be a name of a part
      then pg_catalog.string_agg(p.piece[1] || coalesce(parts ->> p.piece[2], ''), '' order by p.place)
  end
  from pg_catalog.regexp_matches(template, '(.*?)(?:\{([a-z_]+)\}|$)', 'g') with ordinality as p (piece, place)
$$;

revoke all on function public.audit_text(text, jsonb) from public;

-- 605_audit_type.sql
-- The built-in type that a type rests on, by way of domains, without its length; nothing where it rests on
-- one that somebody made, which a probe reads as the text that its output function gives.
create function public.audit_type(of_type oid) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with recursive rests as (
    select t.oid, t.typtype, t.typbasetype, t.typnamespace
    from pg_catalog.pg_type as t
    where t.oid = of_type
    union all
    select t.oid, t.typtype, t.typbasetype, t.typnamespace
    from rests as r
    inner join pg_catalog.pg_type as t on t.oid = r.typbasetype
    where r.typtype = 'd'::"char"
  )
  select case
    when r.typnamespace = 'pg_catalog'::regnamespace::oid then pg_catalog.format_type(r.oid, null) else ''
  end
  from rests as r
  where r.typtype <> 'd'::"char"
$$;

revoke all on function public.audit_type(oid) from public;

-- 606_audit_columns.sql
-- The live columns of the declared tables, declared or not, each with what the catalogue says of it and with
-- the parts that most templates are filled with. What somebody added is read as well: class and the rest of
-- it are null.
create function public.audit_columns()
returns table (
  table_name text, column_name text, type text, class text, resolution interval, leads_to text,
  owner_column text, owner_is text, destination text, whole boolean, parts jsonb
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  with homes as materialized (
    select
      c.oid as home,
      c.relname::text as name,
      public.audit_rows(c.relname::text, 40) as from_item,
      public.audit_whole(c.relname::text, 256) as is_whole,
      o.column_name as owner_column,
      o.leads_to as owner_is,
      (
        select d.column_name from public.audit_declared() as d
        where d.table_name = c.relname::text and d.class = 'destination-phone'
      ) as destination,
      exists (
        select from pg_catalog.pg_attribute as a
        where a.attrelid = c.oid and a.attname::text = 'id' and not a.attisdropped
      ) as numbered
    from pg_catalog.pg_class as c
    left join public.audit_declared() as o
      on o.table_name = c.relname::text and o.leads_to in ('user', 'destination', 'device')
    where
      c.relnamespace = 'public'::regnamespace::oid
      and c.relkind = 'r'::"char"
      and exists (select from public.audit_declared() as d where d.table_name = c.relname::text)
  ),
  live as (
    select
      h.*,
      a.attname::text as attribute,
      a.attnum,
      public.audit_type(a.atttypid) as type_name,
      pg_catalog.format('r.%I', a.attname) as value
    from homes as h
    inner join pg_catalog.pg_attribute as a on a.attrelid = h.home
    where a.attnum > 0 and not a.attisdropped
  )
  select
    l.name, l.attribute, l.type_name, d.class, d.resolution, d.leads_to,
    l.owner_column, l.owner_is, l.destination, l.is_whole,
    pg_catalog.jsonb_build_object(
      'table', pg_catalog.quote_literal(l.name),
      'name', pg_catalog.quote_literal(l.attribute),
      'value', l.value,
      'spelled', case
        when l.type_name in (
          'text', 'character varying', 'character', 'name', 'json', 'jsonb', 'xml', 'inet'
        ) then l.value || '::text'
        -- no cast, which would call what the owner of a type has declared for it
        else pg_catalog.format('case when %1$s is distinct from null then pg_catalog.concat(%1$s) end', l.value)
      end,
      'rows', l.from_item,
      'whole', l.is_whole::text,
      'outside', case when l.is_whole then '1000' else '8' end,
      'place', case when l.numbered then 'r.id' else 'r.audit_place' end,
      'owner', coalesce('r.' || pg_catalog.quote_ident(l.owner_column), 'r.audit_place')
    )
  from live as l
  left join public.audit_declared() as d on d.table_name = l.name and d.column_name = l.attribute
  order by l.name, l.attnum;
end
$$;

revoke all on function public.audit_columns() from public;

-- 607_audit_tables.sql
-- Every table with rows, of whatever schema: how many pages it has, and why it is not read. The planner
-- works out the constants in the expressions and predicates of indexes and statistics, whoever only reads:
-- code that anybody could write would run in that, while C and internal code takes a superuser.
create function public.audit_tables()
returns table (schema_name text, table_name text, pages bigint, runs_code boolean, refused text)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with planned as (
    select coalesce(i.indrelid, e.stxrelid) as relation
    from pg_catalog.pg_depend as d
    left join pg_catalog.pg_index as i
      on d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and i.indexrelid = d.objid
    left join pg_catalog.pg_statistic_ext as e
      on d.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass and e.oid = d.objid
    left join pg_catalog.pg_operator as o
      on d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass and o.oid = d.refobjid
    left join pg_catalog.pg_proc as p
      on p.oid = case d.refclassid
        when 'pg_catalog.pg_proc'::pg_catalog.regclass then d.refobjid
        when 'pg_catalog.pg_operator'::pg_catalog.regclass then o.oprcode::oid
      end
    left join pg_catalog.pg_language as l on l.oid = p.prolang
    left join pg_catalog.pg_type as t
      on d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass and t.oid = d.refobjid
    where
      coalesce(i.indrelid, e.stxrelid) is not null
      and (
        p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace and l.lanname not in ('c', 'internal')
        or t.typtype = 'd'
      )
  )
  select
    n.nspname::text,
    c.relname::text,
    pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint,
    c.oid in (select planned.relation from planned),
    case
      when not (
        pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select')
      ) then 'may not be read by ' || pg_catalog.quote_ident(current_user)
      when pg_catalog.row_security_active(c.oid) then 'is under row security for this role'
      when c.oid in (select planned.relation from planned)
        then 'has an index or statistics over a function of the database, which whoever reads would run'
    end
  from pg_catalog.pg_class as c
  inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where
    c.relkind in ('r', 'm')
    and c.relpersistence <> 't'
    and n.nspname not in ('pg_catalog', 'information_schema')
    and n.nspname !~ '^pg_toast'
$$;

revoke all on function public.audit_tables() from public;

-- 630_audit_shared_values.sql
-- Per column: how many values stand under more than one owner, where an owner is a user or a destination, or
-- a device in the table that knows devices only; where a row is nobody's, under more than one row, of what
-- no two rows may share. Live columns, declared or not: a conversation by another name is still shared. Of
-- bytes the first 64 and, as `name[1..8]`, the first 8 are compared, of identifiers as `name[alike]` one
-- spelling of all; of values outside their rows the 1,000 newest where the table is read whole, and else the
-- 8 newest.
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
  part record;
begin
  for part in
    select
      c.parts || pg_catalog.jsonb_build_object(
        'label', pg_catalog.quote_literal(c.column_name || shape.suffix),
        'compared', public.audit_text(shape.template, c.parts)
      ) as parts
    from public.audit_columns() as c
    cross join lateral (
      values
        ('', case
          when c.type = 'bytea' then 'pg_catalog.substring({value}::bytea, 1, 64)'
          when c.type in (
            'smallint', 'integer', 'bigint', 'numeric', 'uuid', 'double precision', 'bigint[]', 'integer[]'
          ) then '{value}'
          else '{spelled}'
        end),
        ('[1..8]', case when c.type = 'bytea' then 'pg_catalog.substring({value}::bytea, 1, 8)' end),
        ('[alike]', case when c.class = 'random-id' and c.type <> 'bytea' then
          $alike$
            (select least(s.plain, pg_catalog.reverse(s.plain))
            from (
              select case
                -- sixteen bytes in base64, which another client writes as hex
                when {spelled} ~ '^[0-9A-Za-z_+/-]{21}[AQgw](==)?$' then pg_catalog.encode(
                  pg_catalog.decode(
                    pg_catalog.translate(pg_catalog.left({spelled}, 22), '-_', '+/') || '==', 'base64'
                  ), 'hex'
                )
                else pg_catalog.lower(pg_catalog.translate({spelled}, '-_ {}', ''))
              end as plain
            ) as s)
          $alike$
        end)
    ) as shape (suffix, template)
    where
      shape.template is not null
      and c.column_name <> 'id'
      and c.column_name <> coalesce(c.owner_column, '')
      and coalesce(c.leads_to, '') <> 'message'
      and c.type not in (
        'boolean', 'timestamp without time zone', 'timestamp with time zone', 'date'
      )
      and (
        c.owner_column is not null
        or c.class in (
          'random-id', 'ciphertext', 'wrapped-key', 'public-key', 'signature', 'device-id', 'device-key'
        )
      )
  loop
    return query execute public.audit_text(
      $shared$
        with placed as (
          select
            r.*,
            pg_catalog.pg_column_size({value}) > 2000 as audit_outside,
            pg_catalog.row_number() over (
              partition by pg_catalog.pg_column_size({value}) > 2000 order by {place} desc
            ) as audit_rank
          from {rows} as r
          where {value} is distinct from null
        ),
        held as materialized (
          select {compared} as held_value, {owner} as held_by, pg_catalog.count(*) as copies
          from placed as r
          where r.audit_rank <= {outside} or not r.audit_outside
          group by 1, 2
        ),
        spread as (
          select pg_catalog.count(*) as owners, pg_catalog.sum(copies)::bigint as copies
          from held
          group by held_value
        )
        select
          {table}::text as table_name,
          {label}::text as column_name,
          coalesce(pg_catalog.sum(copies), 0)::bigint as examined,
          pg_catalog.count(*) as distinct_values,
          pg_catalog.count(*) filter (where owners > 1) as shared_values,
          coalesce(pg_catalog.sum(owners), 0)::bigint as pairs,
          coalesce(pg_catalog.max(owners), 0) as widest,
          (select pg_catalog.count(*) from (select distinct held_by from held) as h) as owners,
          {whole} and coalesce(pg_catalog.sum(copies), 0::numeric) = (
            select pg_catalog.count(*) from placed
          )::numeric as whole
        from spread
      $shared$,
      part.parts
    );
  end loop;
end
$$;

-- 640_audit_content.sql
-- Per column of bytes or text, or of a type that somebody made, and per counter: how many values look like
-- something that should not be there. Of bytes the first 128 and the last 16 are looked at, and some of the
-- rest; of values that are stored outside the row, which cost four pages each, the 1,000 newest where the
-- table is read whole, and else the 8 newest.
--
-- printable: nine tenths of the bytes are printable ASCII, as in text, JSON, base64 or hex.
-- uniform: fewer than 0.65 of the different byte values that as many random bytes would show.
-- structured: starts like a picture, an archive or another file format. zlib: starts like a zlib stream.
-- contacts: holds a phone number, an e-mail or an IP address.
-- repeated: further rows with the same 64 first bytes; repeated_nonce: with the same 12; repeated_prefix: 4.
-- repeated_end: with the same 16 last bytes; repeated_suffix: with the same 4.
-- late: text or filling after the first 128 bytes. beyond: a count that no counting leads to.
-- marked: of the 64 first and 16 last bytes of 600 ciphertexts or wrapped keys, of these one for each owner,
-- the places where values meet more often than random bytes do, though they are not the same in all: what
-- stands there tells clients apart. Looks for eight standard deviations.
create function public.audit_content()
returns table (
  table_name text, column_name text, examined bigint, printable bigint, uniform bigint, structured bigint,
  zlib bigint, contacts bigint, repeated bigint, repeated_nonce bigint, repeated_prefix bigint,
  repeated_end bigint, repeated_suffix bigint, late bigint, beyond bigint, marked bigint, whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  part record;
  contact constant text := $contact$(?x)
    \+[1-9][0-9]{6,14}
    | [[:alnum:]._%+-]{2,}@[[:alnum:]-]{2,}\.[[:alpha:]]{2,}
    | [0-9]{1,3}(\.[0-9]{1,3}){3}$contact$;
  -- Of bytes the escaped ones are no letters, and an address of a few letters comes up by chance.
  in_bytes constant text := $in_bytes$(?x)
    \+[1-9][0-9]{6,14}
    | [[:alnum:]._%+-]{3,}@[[:alnum:]-]{3,}\.[[:alpha:]]{2,}
    | [0-9]{1,3}(\.[0-9]{1,3}){3}$in_bytes$;
begin
  for part in
    select
      c.parts || pg_catalog.jsonb_build_object(
        'contact', pg_catalog.quote_literal(contact),
        'contact_in_bytes', pg_catalog.quote_literal(in_bytes),
        'apart', case when c.class = 'wrapped-key' then c.parts ->> 'owner' else c.parts ->> 'place' end,
        'chosen', case when c.class in ('ciphertext', 'wrapped-key') then '600' else '0' end
      ) as parts,
      case
        when c.type = 'bytea' then 'bytes'
        when c.type in ('smallint', 'integer', 'bigint') then 'counter'
        else 'text'
      end as kind
    from public.audit_columns() as c
    where
      coalesce(c.class, '') not in ('account-phone', 'destination-phone')
      and (
        c.type in (
          'bytea', 'text', 'character varying', 'character', 'name', 'json', 'jsonb', 'xml', 'text[]', 'inet', ''
        )
        or c.type in ('smallint', 'integer', 'bigint') and c.class = 'counter'
      )
  loop
    return query execute public.audit_text(
      case part.kind when 'bytes' then $bytes$
        with stored as (
          select
            {value}::bytea as content,
            {apart} as apart,
            pg_catalog.pg_column_size({value}) > 2000 as outside,
            pg_catalog.row_number() over (
              partition by pg_catalog.pg_column_size({value}) > 2000 order by {place} desc
            ) as place
          from {rows} as r
          where {value} is distinct from null
        ),
        -- Materialized, or the slice would be fetched again for each of its bytes.
        heads as materialized (
          select
            content,
            apart,
            outside,
            place,
            pg_catalog.octet_length(content) as size,
            pg_catalog.substring(content, 1, 128) as head,
            pg_catalog.substring(content, greatest(1, pg_catalog.octet_length(content) - 15), 16) as tail
          from stored
          where place <= {outside} or not outside
        ),
        -- In the escape format a byte above 127, and 0, takes four characters and a backslash two.
        spelled as materialized (
          select
            h.*,
            pg_catalog.octet_length(h.head) as bytes,
            (
              pg_catalog.octet_length(pg_catalog.replace(pg_catalog.encode(h.head, 'escape'), '\\', '\'))
              - pg_catalog.octet_length(h.head)
            ) / 3 as high
          from heads as h
        ),
        measured as (
          select
            s.*,
            -- Who shows 53 values in 64 bytes, as nearly all that is random, shows more than enough in 128.
            case when s.bytes = 128 and (
              select pg_catalog.bit_count(pg_catalog.bit_or(
                pg_catalog.set_bit(pg_catalog.repeat('0', 256)::bit(256), pg_catalog.get_byte(s.head, i), 1)
              ))
              from pg_catalog.generate_series(0, 63) as i
            ) >= 53 then 128 else (
              select pg_catalog.bit_count(pg_catalog.bit_or(
                pg_catalog.set_bit(pg_catalog.repeat('0', 256)::bit(256), pg_catalog.get_byte(s.head, i), 1)
              ))
              from pg_catalog.generate_series(0, s.bytes - 1) as i
            ) end as different,
            case when s.high * 10 <= s.bytes then (
              select pg_catalog.count(*) filter (where octet between 32 and 126 or octet in (9, 10, 13))
              from (
                select pg_catalog.get_byte(s.head, i) as octet from pg_catalog.generate_series(0, s.bytes - 1) as i
              ) as octets
            ) else 0 end as plain,
            -- The rest in windows of 64 bytes: all of a value that stands in its row, of others some, and the end.
            s.size > 128 and exists (
              select
              from pg_catalog.generate_series(
                0,
                case
                  when not s.outside then (s.size - 129) / 64
                  when {whole} and s.place <= 100 then 7
                  else 0
                end
              ) as w
              cross join lateral (
                select pg_catalog.encode(pg_catalog.substring(
                  s.content, s.size - 63 - w * case when s.outside then (s.size - 192) / 7 else 64 end, 64
                ), 'escape') as spelled
              ) as read
              where
                (pg_catalog.octet_length(pg_catalog.replace(read.spelled, '\\', '\')) - 64) / 3
                not between 7 and 57
                -- Text in UTF-8, cut anywhere, in the escape format; 64 random bytes are nearly never that.
                or s.place <= 100 and read.spelled ~ (
                  '^(\\2[0-7]{2}){0,3}'
                  '([^\\]|\\\\|\\3[0-3][0-7]\\2[0-7]{2}|\\3[45][0-7](\\2[0-7]{2}){2}|\\36[0-7](\\2[0-7]{2}){3})*'
                  '(\\3[0-7]{2}(\\2[0-7]{2}){0,2})?$'
                )
            ) as late
          from spelled as s
        ),
        chosen as materialized (
          select d.head, d.tail
          from (select distinct on (h.apart) h.head, h.tail from heads as h order by h.apart) as d
          where pg_catalog.octet_length(d.tail) = 16
          order by pg_catalog.md5(d.head || d.tail)
          limit {chosen}
        ),
        octets as (
          select i as place, pg_catalog.get_byte(c.head, i) as octet
          from chosen as c
          cross join lateral pg_catalog.generate_series(0, least(64, pg_catalog.octet_length(c.head)) - 1) as i
          union all
          select -i, pg_catalog.get_byte(c.tail, 16 - i)
          from chosen as c
          cross join pg_catalog.generate_series(1, 16) as i
        ),
        met as (
          select
            o.place,
            pg_catalog.count(*) as kinds,
            pg_catalog.max(o.octet) as highest,
            pg_catalog.sum(o.copies * (o.copies - 1) / 2)::float8 as pairs,
            pg_catalog.power(pg_catalog.sum(o.copies)::float8, 2::float8) / 512::float8 as by_chance
          from (select octet, place, pg_catalog.count(*) as copies from octets group by octet, place) as o
          group by o.place
        ),
        marks as (
          select
            m.kinds > 1
            and m.pairs > m.by_chance + 8::float8 * pg_catalog.sqrt(m.by_chance) + 12::float8
            -- The last byte of an X25519 key has no highest bit; a key may be drawn for each message.
            and not (
              m.highest < 128
              and m.pairs
              <= 2::float8 * m.by_chance + 8::float8 * pg_catalog.sqrt(2::float8 * m.by_chance) + 12::float8
              and pg_catalog.lag(m.kinds, 1, 2::bigint) over (order by m.place) > 1
              and pg_catalog.lead(m.kinds, 1, 2::bigint) over (order by m.place) > 1
            ) as telling
          from met as m
        )
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(*) as examined,
          pg_catalog.count(*) filter (where bytes >= 8 and plain * 10 >= bytes * 9) as printable,
          pg_catalog.count(*) filter (
            where bytes >= 16 and different::float8
            < 0.65::float8 * 256::float8
            * (1::float8 - pg_catalog.power(1::float8 - 1::float8 / 256::float8, bytes::float8))
          ) as uniform,
          pg_catalog.count(*) filter (
            where pg_catalog.substring(head, 1, 3) in ('\x1f8b08'::bytea, '\xffd8ff'::bytea, '\x474946'::bytea)
            or pg_catalog.substring(head, 1, 4) in (
              '\x504b0304'::bytea, '\x89504e47'::bytea, '\x25504446'::bytea, '\x4f676753'::bytea,
              '\x52494646'::bytea, '\x28b52ffd'::bytea
            )
          ) as structured,
          pg_catalog.count(*) filter (
            where pg_catalog.substring(head, 1, 2) in (
              '\x7801'::bytea, '\x785e'::bytea, '\x789c'::bytea, '\x78da'::bytea
            )
          ) as zlib,
          pg_catalog.count(*) filter (
            where pg_catalog.encode(head, 'escape') ~ {contact}::text
            and pg_catalog.regexp_replace(
              pg_catalog.encode(head, 'escape'), '\\[0-7]{3}', ' ', 'g'
            ) ~ {contact_in_bytes}::text
          ) as contacts,
          pg_catalog.count(*) - pg_catalog.count(distinct pg_catalog.substring(head, 1, 64)) as repeated,
          pg_catalog.count(*) - pg_catalog.count(distinct pg_catalog.substring(head, 1, 12)) as repeated_nonce,
          pg_catalog.count(*) - pg_catalog.count(distinct pg_catalog.substring(head, 1, 4)) as repeated_prefix,
          pg_catalog.count(*) - pg_catalog.count(distinct tail) as repeated_end,
          pg_catalog.count(*) - pg_catalog.count(distinct pg_catalog.substring(tail, 13, 4)) as repeated_suffix,
          pg_catalog.count(*) filter (where late) as late,
          0::bigint as beyond,
          (select pg_catalog.count(*) from marks as m where m.telling) as marked,
          {whole} and pg_catalog.count(*) = (select pg_catalog.count(*) from stored) as whole
        from measured
      $bytes$ when 'text' then $text$
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(*) as examined,
          0::bigint as printable, 0::bigint as uniform, 0::bigint as structured, 0::bigint as zlib,
          pg_catalog.count(*) filter (where pg_catalog.left({spelled}, 1000) ~ {contact}::text) as contacts,
          0::bigint as repeated, 0::bigint as repeated_nonce, 0::bigint as repeated_prefix,
          0::bigint as repeated_end, 0::bigint as repeated_suffix, 0::bigint as late, 0::bigint as beyond,
          0::bigint as marked, {whole} as whole
        from {rows} as r
        where {value} is distinct from null
      $text$ else $counter$
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(*) as examined,
          0::bigint as printable, 0::bigint as uniform, 0::bigint as structured, 0::bigint as zlib,
          0::bigint as contacts,
          0::bigint as repeated, 0::bigint as repeated_nonce, 0::bigint as repeated_prefix,
          0::bigint as repeated_end, 0::bigint as repeated_suffix, 0::bigint as late,
          -- The counter of a device ends at 1 << 32, and a rotation is not done so often.
          pg_catalog.count(*) filter (where {value}::bigint >= 4294967296::bigint) as beyond,
          0::bigint as marked,
          {whole} as whole
        from {rows} as r
        where {value} is distinct from null
      $counter$ end,
      part.parts
    );
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
-- Of 300 chosen ones each letter: of those that are alike in length the different letters at each place, the
-- pairs of equal ones, and the different runs of four letters; of those that are split into as many parts the
-- different parts.
create function public.audit_identifiers()
returns table (
  table_name text, column_name text, examined bigint, timed bigint, digits bigint, phones bigint, short
  bigint, names bigint, prefixes bigint, suffixes bigint, ascending bigint, chosen bigint, alike bigint,
  split bigint, letter_kinds bigint[], letter_pairs bigint[], window_kinds bigint[], part_kinds bigint[],
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
    select
      c.parts || pg_catalog.jsonb_build_object(
        'number', case
          when c.destination is null then '''+''::text'
          else pg_catalog.format('r.%I::text', c.destination)
        end
      ) as parts
    from public.audit_columns() as c
    where c.class = 'random-id'
  loop
    return query execute public.audit_text(
      $letters$
        with named as (
          select
            {spelled} as name,
            pg_catalog.substring({number}, 2) as own_number,
            pg_catalog.lag({spelled}) over (order by {place}) as before
          from {rows} as r
        ),
        -- Letter by letter, of some: those of the commonest length, and by the parts between punctuation.
        chosen as materialized (
          select
            n.name,
            pg_catalog.length(n.name) as size,
            pg_catalog.string_to_array(pg_catalog.regexp_replace(n.name, '[^0-9A-Za-z]+', '-', 'g'), '-') as parts
          from (select distinct d.name from named as d where d.name is not null) as n
          order by pg_catalog.hashtextextended(n.name, 1)
          limit 300
        ),
        common as materialized (
          select
            pg_catalog.mode() within group (order by c.size) as size,
            pg_catalog.mode() within group (order by pg_catalog.cardinality(c.parts)) as parts
          from chosen as c
        ),
        alike as materialized (select c.name from chosen as c where c.size = (select m.size from common as m)),
        split as materialized (
          select c.parts from chosen as c where pg_catalog.cardinality(c.parts) = (select m.parts from common as m)
        ),
        places as (
          select l.place, pg_catalog.count(*) as kinds, pg_catalog.sum(l.copies * (l.copies - 1))::bigint as pairs
          from (
            select i as place, pg_catalog.substr(a.name, i, 1) as letter, pg_catalog.count(*) as copies
            from alike as a
            cross join pg_catalog.generate_series(1, least(64, (select m.size from common as m))) as i
            group by 1, 2
          ) as l
          group by l.place
        ),
        windows as (
          select i as place, pg_catalog.count(distinct pg_catalog.substr(a.name, i, 4)) as kinds
          from alike as a
          cross join pg_catalog.generate_series(1, least(61, (select m.size - 3 from common as m))) as i
          group by i
        ),
        part_kinds as (
          select i as place, pg_catalog.count(distinct s.parts[i]) as kinds
          from split as s
          cross join pg_catalog.generate_series(1, least(16, (select m.parts from common as m))) as i
          group by i
        )
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(*) as examined,
          pg_catalog.count(*) filter (
            where name ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[167][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
            or name ~* '^01[0-9a-hjkmnp-tv-z]{24}$'
          ) as timed,
          pg_catalog.count(*) filter (where name ~ '^[0-9]+$') as digits,
          pg_catalog.count(*) filter (
            where (own_number <> '' and pg_catalog.strpos(name, own_number) > 0) or name ~ '\+[1-9][0-9]{6,14}'
          ) as phones,
          pg_catalog.count(*) filter (where pg_catalog.octet_length(name) < 16) as short,
          pg_catalog.count(distinct name) as names,
          pg_catalog.count(distinct pg_catalog.left(name, 6)) as prefixes,
          pg_catalog.count(distinct pg_catalog.right(name, 6)) as suffixes,
          pg_catalog.count(*) filter (
            where name collate pg_catalog."C" > before collate pg_catalog."C"
          ) as ascending,
          (select pg_catalog.count(*) from chosen) as chosen,
          (select pg_catalog.count(*) from alike) as alike,
          (select pg_catalog.count(*) from split) as split,
          (select pg_catalog.array_agg(p.kinds order by p.place) from places as p) as letter_kinds,
          (select pg_catalog.array_agg(p.pairs order by p.place) from places as p) as letter_pairs,
          (select pg_catalog.array_agg(w.kinds order by w.place) from windows as w) as window_kinds,
          (select pg_catalog.array_agg(p.kinds order by p.place) from part_kinds as p) as part_kinds,
          {whole} as whole
        from named
      $letters$,
      part.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_identifiers() from public;
grant execute on function public.audit_identifiers() to nosender_auditor;

-- 651_audit_times.sql
-- Per stored time: how many are finer than they may be, and how many that are said to be past lie ahead.
create function public.audit_times()
returns table (
  table_name text, column_name text, examined bigint, finer bigint, future bigint, whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC'
as $$
declare
  part record;
begin
  for part in
    select
      c.parts || pg_catalog.jsonb_build_object(
        'moment', case
          when c.type = 'timestamp with time zone'
            then pg_catalog.format('(r.%I::timestamptz at time zone ''utc'')', c.column_name)
          else pg_catalog.format('r.%I::timestamp', c.column_name)
        end,
        'resolution', pg_catalog.quote_literal(c.resolution::text),
        'past', (c.class = 'time')::text
      ) as parts
    from public.audit_columns() as c
    where
      c.resolution > interval '0'
      and c.type in ('timestamp without time zone', 'timestamp with time zone', 'date')
  loop
    return query execute public.audit_text(
      $times$
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(*) as examined,
          pg_catalog.count(*) filter (where v.moment <> pg_catalog.date_bin(
            {resolution}::interval, v.moment, timestamp '2000-01-01'
          )) as finer,
          pg_catalog.count(*) filter (
            where {past} and v.moment > (pg_catalog.now() at time zone 'utc') + interval '1 hour'
          ) as future,
          {whole} as whole
        from (select {moment} as moment from {rows} as r) as v
        where v.moment is not null and pg_catalog.isfinite(v.moment)
      $times$,
      part.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_times() from public;
grant execute on function public.audit_times() to nosender_auditor;

-- 660_audit_order.sql
-- How well the order of insertion can be read, of each table with numbers whose rows are somebody's: pairs of
-- neighbours by id, and those that also follow each other in the file and by the transaction that wrote them.
create or replace function public.audit_order()
returns table (table_name text, pairs bigint, in_file_order bigint, in_transaction_order bigint)
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
      pg_catalog.jsonb_build_object(
        'table', ('public.' || pg_catalog.quote_ident(c.table_name))::regclass,
        'name', pg_catalog.quote_literal(c.table_name)
      ) as parts
    from public.audit_columns() as c
    group by c.table_name
    having
      pg_catalog.bool_or(c.class = 'serial')
      and pg_catalog.bool_or(c.column_name = 'id')
      and pg_catalog.bool_or(c.class in ('link', 'destination-phone', 'account-phone'))
    order by c.table_name
  loop
    return query execute public.audit_text(
      $order$
        with newest as (
          select r.id, r.ctid as place, r.xmin::text::bigint as transaction
          from only {table} as r
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
          {name}::text as table_name,
          pg_catalog.count(later_place) as pairs,
          pg_catalog.count(*) filter (where later_place) as in_file_order,
          pg_catalog.count(*) filter (where later_transaction) as in_transaction_order
        from paired
      $order$,
      part.parts
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
    with homes as materialized (
      select distinct c.table_name as name, c.owner_column, c.owner_is, c.whole
      from public.audit_columns() as c
      where c.owner_is in ('destination', 'user')
    )
    select pg_catalog.jsonb_build_object(
      'outward', ('public.' || pg_catalog.quote_ident(sent.name))::regclass,
      'own', ('public.' || pg_catalog.quote_ident(own.name))::regclass,
      'users', 'public.users'::regclass,
      'destination', pg_catalog.format('m.%I', sent.owner_column),
      'owner', pg_catalog.format('o.%I', own.owner_column),
      'most', case when sent.whole and own.whole then 'all' else '100' end,
      'looks', case when sent.whole and own.whole then '1000' else '24' end,
      'outward_name', pg_catalog.quote_literal(sent.name),
      'own_name', pg_catalog.quote_literal(own.name),
      'whole', (sent.whole and own.whole)::text
    ) as parts
    from homes as sent
    cross join homes as own
    where sent.owner_is = 'destination' and own.owner_is = 'user'
    order by sent.name, own.name
  loop
    return query execute public.audit_text(
      $pair$
        with outward as materialized (
          select m.xmin::text as transaction, {destination}::text as destination
          from only {outward} as m
          order by m.id desc
          limit {most}
        ),
        own as materialized (
          select o.xmin::text as transaction, {owner}::integer as owner
          from only {own} as o
          order by o.id desc
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

-- 671_audit_overdue.sql
-- What stands longer than its expiry and the grace allow, by each promise of the policy. Reads the ends of
-- indexes: at most a thousand rows of each kind are counted, and `seconds` is how far the oldest is past its
-- expiry, without the grace.
create or replace function public.audit_overdue(grace interval)
returns table (table_name text, column_name text, overdue bigint, seconds bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC'
as $$
declare
  part record;
begin
  for part in
    with promised as (
      select
        p.*,
        ('public.' || pg_catalog.quote_ident(p.table_name))::regclass as home,
        -- As the sweep's index has it: what goes at once first, then by expiry.
        case
          when p.at_once is null then 'r.' || pg_catalog.quote_ident(p.expires_column)
          else pg_catalog.format(
            'case when r.%I then ''-infinity''::timestamp without time zone else r.%I end',
            p.at_once, p.expires_column
          )
        end as first_due,
        (
          select pg_catalog.array_agg(array[d.column_name, d.resolution::text])
          from public.audit_declared() as d
          where d.table_name = p.table_name and d.class = 'time' and d.resolution is not null
        ) as times
      from public.retention_policy() as p
    ),
    late as (
      select
        p.table_name, p.expires_column as attribute,
        pg_catalog.format('r.%I', p.expires_column) as since,
        pg_catalog.format(
          '%s and %s < {limit} and r.%I < {limit}',
          case when p.flag is null then 'true' else pg_catalog.format('r.%I', p.flag) end,
          p.first_due, p.expires_column
        ) as condition,
        p.first_due as sorted,
        'only ' || p.home as from_item
      from promised as p
      where p.expires_column is not null
      union all
      -- When it was used is not stored; it was created before, at the latest at the end of its hour.
      select
        p.table_name, p.at_once,
        pg_catalog.format('r.%I + %L::interval', p.times[1][1], p.times[1][2]),
        pg_catalog.format(
          '%s <= ''-infinity''::timestamp and r.%I and r.%I + %L::interval < {limit}',
          p.first_due, p.at_once, p.times[1][1], p.times[1][2]
        ),
        p.first_due,
        'only ' || p.home
      from promised as p
      where p.at_once is not null and p.times is not null
      union all
      -- There is no index by age: the first rows of the table.
      select
        p.table_name, p.max_age_column,
        pg_catalog.format('r.%I + %L::interval', p.max_age_column, p.max_age),
        pg_catalog.format('r.%I + %L::interval < {limit}', p.max_age_column, p.max_age),
        pg_catalog.format('r.%I + %L::interval', p.max_age_column, p.max_age),
        '(select * from only ' || p.home || ' limit 1000)'
      from promised as p
      where p.max_age is not null
    )
    select pg_catalog.jsonb_build_object(
      'table', pg_catalog.quote_literal(l.table_name),
      'name', pg_catalog.quote_literal(l.attribute),
      'since', l.since,
      'rows', l.from_item,
      'condition', public.audit_text(l.condition, given.parts),
      'sorted', l.sorted
    ) as parts
    from late as l
    cross join (
      select pg_catalog.jsonb_build_object('limit', pg_catalog.format(
        '(pg_catalog.now() at time zone ''utc'') - %L::interval', grace
      )) as parts
    ) as given
  loop
    return query execute public.audit_text(
      $late$
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(late.since) as overdue,
          coalesce(extract(
            epoch from (pg_catalog.now() at time zone 'utc') - pg_catalog.min(late.since)
          )::bigint, 0::bigint) as seconds
        from (
          select {since} as since
          from {rows} as r
          where {condition}
          order by {sorted}
          limit 1000
        ) as late
      $late$,
      part.parts
    );
  end loop;
end
$$;

-- 676_audit_known_values.sql
-- What is stored about people, as bytes, each with the number of the user whose it is: numbers without their
-- plus sign, credentials, keys, identifiers; at most 2,000 of each column. The text of a statement.
create function public.audit_known_values() returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select pg_catalog.string_agg(
    public.audit_text(
      $known$(
        select v.whole, v.owner
        from (select {bytes} as whole, {owner}::integer as owner from {rows} as r) as v
        where pg_catalog.octet_length(v.whole) >= {least}
        limit 2000
      )$known$,
      c.parts || pg_catalog.jsonb_build_object(
        'bytes', public.audit_text(
          case
            when c.type = 'bytea' then '{value}::bytea'
            when c.class = 'account-phone'
              then 'pg_catalog.convert_to(pg_catalog.substring({spelled}, 2), ''UTF8'')'
            else 'pg_catalog.convert_to({spelled}, ''UTF8'')'
          end,
          c.parts
        ),
        'least', case when c.class = 'account-phone' then '9' else '16' end
      )
    ),
    ' union all '
    order by c.table_name, c.column_name
  )
  from public.audit_columns() as c
  where
    c.owner_is = 'user'
    and c.class in ('account-phone', 'device-id', 'device-key', 'public-key', 'random-id')
$$;

revoke all on function public.audit_known_values() from public;

-- 677_audit_own_values.sql
-- The statement that looks, in the columns of our own tables, for what is stored about somebody else than the
-- row is for. At most 80,000 bytes of a column are looked at, and of each value 2,048: at every fourth place
-- six bytes are compared with the last nine of what is known, beginnings being often alike; what is found is
-- compared whole. Of ciphertexts for different destinations it counts what is alike at the same place, too.
create function public.audit_own_values() returns text
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

revoke all on function public.audit_own_values() from public;

-- 678_audit_other_columns.sql
-- The columns of other schemas that could hold a number, an identifier or a key, of tables that hold
-- anything, numbered: the tables by batches of 40. After the first 5,000 columns of tables that may be read
-- no more are looked at. Of tables that are refused it says why.
create function public.audit_other_columns()
returns table (
  schema_name text, table_name text, column_name text, type text, pages bigint, refused text, number bigint,
  in_table bigint, batch bigint, looked boolean
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with listed as materialized (
    select
      t.schema_name, t.table_name, a.attname::text as column_name, public.audit_type(a.atttypid) as type,
      t.pages, t.refused, a.attnum
    from public.audit_tables() as t
    inner join pg_catalog.pg_namespace as n on n.nspname::text = t.schema_name
    inner join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname::text = t.table_name
    inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid
    where n.oid <> 'public'::regnamespace::oid and t.pages > 0 and a.attnum > 0 and not a.attisdropped
  ),
  numbered as (
    select
      l.*,
      pg_catalog.row_number() over (
        partition by l.refused is null
        order by l.schema_name collate pg_catalog."C", l.table_name collate pg_catalog."C", l.attnum
      ) - 1 as number,
      pg_catalog.row_number() over (partition by l.schema_name, l.table_name order by l.attnum) - 1 as in_table,
      pg_catalog.dense_rank() over (
        partition by l.refused is null
        order by l.schema_name collate pg_catalog."C", l.table_name collate pg_catalog."C"
      ) - 1 as table_number
    from listed as l
    where l.type not in (
      'boolean', 'smallint', 'real', 'interval', 'oid', 'time without time zone', 'time with time zone',
      '"char"', 'timestamp without time zone', 'timestamp with time zone', 'date'
    )
  )
  select
    n.schema_name, n.table_name, n.column_name, n.type, n.pages, n.refused, n.number, n.in_table,
    n.table_number / 40, n.number - n.in_table < 5000
  from numbered as n
$$;

revoke all on function public.audit_other_columns() from public;

-- 680_audit_matching_values.sql
-- Values of ours where they do not belong. Per column of our own tables: how many of its values hold what is
-- stored about somebody else than the row is for, and how often ciphertexts for different destinations are
-- alike at one place. Per column of other schemas, of any type that could hold one: how many of its values
-- are a phone number, an identifier, a credential or a key of ours, in either case, in any digits, as hex or
-- base64. Our side of that is looked up through indexes, because a sample of ours would meet a sample of
-- theirs by chance only; so of up to 300 values only 100 that look like a number, and 100 like an identifier,
-- are compared. Numbers without their country's code are compared with up to 2,000 of ours, and one of nine
-- digits may be one of ours by chance: two in a column are not.
--
-- It runs with its owner's rights, so nothing that it reads may run code: no view is read, no function or
-- cast of anybody is called, and a table whose indexes or statistics make the planner call one is refused.
-- What is refused is said, with the reason, and so is what comes after the first 5,000 columns.
create function public.audit_matching_values()
returns table (
  schema_name text, table_name text, column_name text, examined bigint, compared bigint, matching bigint,
  repeated bigint, readable boolean, looked boolean, whole boolean, reason text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
-- The planner would work out the constants of a table's CHECKs, and with them call its functions.
set constraint_exclusion = off
-- Of so many pieces a nested loop would compare each with each.
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
  part record;
  known text;
  lookups text;
begin
  return query execute public.audit_own_values();
  known := public.audit_known_values();
  select pg_catalog.string_agg(public.audit_text(l.template, c.parts || pg_catalog.jsonb_build_object(
    'home', ('public.' || pg_catalog.quote_ident(c.table_name))::regclass,
    'column', pg_catalog.format('o.%I', c.column_name),
    'words', case when c.class = 'random-id' then 'identifiers' else 'numbers' end
  )), '')
  into lookups
  from public.audit_columns() as c
  cross join lateral (
    select case
      when c.class = 'device-id' then
        $credential$(select true from only {home} as o where {column} in (c.from_hex, c.from_base64) limit 1),
        $credential$
      else
        -- one by one: of several at once the planner expects so many that it would read the table
        $text$(
          select true
          from pg_catalog.unnest(c.{words}) as w (word)
          where (select true from only {home} as o where {column}::text = w.word limit 1)
          limit 1
        ),
        $text$
    end as template
  ) as l
  where
    c.class in ('account-phone', 'destination-phone', 'random-id') and c.type in ('text', 'character varying')
    or c.class = 'device-id' and c.type = 'bytea';
  for part in
    with listed as materialized (select * from public.audit_other_columns()),
    tables as (
      select
        l.batch,
        l.refused is null and l.looked as read,
        pg_catalog.jsonb_build_object(
          'table', pg_catalog.format('%I.%I', l.schema_name, l.table_name),
          -- A table with up to 60 pages is read whole, of larger ones a third of that.
          'sample', case when l.pages <= 60 then '' else pg_catalog.format(
            'tablesample system (%s) repeatable (1)', pg_catalog.round(2000.0 / l.pages::numeric, 6)
          ) end,
          'columns', pg_catalog.string_agg(
            pg_catalog.format('r.%I as c%s', l.column_name, l.in_table), ', ' order by l.in_table
          ),
          'values', pg_catalog.string_agg(public.audit_text(
            case when l.type = 'bytea'
              then $bytes$
                ({label}, {value} is distinct from null, case when {short} then
                  -- text in UTF-16 has a zero beside each letter
                  pg_catalog.replace(
                    pg_catalog.encode(pg_catalog.substring({value}::bytea, 1, 1000), 'escape'), '\000', ''
                  ) end),
                ({label}, {value} is distinct from null, case when {short} then
                  pg_catalog.encode(pg_catalog.substring({value}::bytea, 1, 2001), 'hex') end)$bytes$
              else $other$
                ({label}, {value} is distinct from null, case when {short} then
                  pg_catalog.left(pg_catalog.concat({value}), 4001) end)$other$
            end,
            pg_catalog.jsonb_build_object(
              'label', l.number,
              'value', 's.c' || l.in_table,
              'short', public.audit_text(
                $short$(
                  pg_catalog.pg_column_size({value}) <= 2000
                  or pg_catalog.pg_column_size({value}) <= 16000 and s.place <= 8
                )$short$,
                pg_catalog.jsonb_build_object('value', 's.c' || l.in_table)
              )
            )
          ), ', ' order by l.in_table)
        ) as parts,
        pg_catalog.string_agg(pg_catalog.format(
          '(%s, %L::text, %L::text, %L::text, %s, %s, %s, %L::text)',
          l.number, l.schema_name, l.table_name, l.column_name, (l.pages > 60)::text, (l.refused is null)::text,
          l.looked::text, l.refused
        ), ', ' order by l.in_table) as columns
      from listed as l
      group by l.batch, l.refused, l.looked, l.schema_name, l.table_name, l.pages
    )
    select
      t.read,
      pg_catalog.string_agg(case when t.read then public.audit_text(
        $words$(
          select v.label, v.word, s.place, s.total
          from (
            select
              {columns},
              pg_catalog.count(*) over () as total,
              pg_catalog.row_number() over (order by pg_catalog.hashtextextended(r.ctid::text, 1)) as place
            from only {table} as r {sample}
          ) as s
          cross join lateral (values {values}) as v (label, present, word)
          where s.place <= 300 and v.present
        )$words$,
        t.parts
      ) end, ' union all ') as words,
      pg_catalog.string_agg(t.columns, ', ') as columns
    from tables as t
    group by t.read, t.batch
  loop
    return query execute public.audit_text(
      case when part.read then $others$
        with known as materialized (select distinct k.whole from ({known}) as k),
        -- shorter than the least of anything else that is known
        domestic as materialized (
          select distinct pg_catalog.substring(k.whole, i) as digits
          from known as k
          cross join pg_catalog.generate_series(2, 4) as i
          where pg_catalog.octet_length(k.whole) < 16 and pg_catalog.octet_length(k.whole) - i >= 8
        ),
        written as ({words}),
        words as materialized (
          select
            w.label, w.place, w.total,
            -- Digits are written in more than one way: wide ones, Arabic, Persian, Devanagari and Bengali ones.
            case
              when pg_catalog.octet_length(w.word) > pg_catalog.length(w.word)
                and pg_catalog.getdatabaseencoding() = 'UTF8'
                then pg_catalog.translate(
                  pg_catalog.normalize(w.word, 'NFKC'),
                  (
                    select pg_catalog.string_agg(pg_catalog.chr(first.digit + i), '' order by first.digit, i)
                    from (values (1632), (1776), (2406), (2534)) as first (digit)
                    cross join pg_catalog.generate_series(0, 9) as i
                  ),
                  pg_catalog.repeat('0123456789', 4)
                )
              else w.word
            end as word
          from written as w
        ),
        listed as (select c.* from (values {columns}) as c (
          label, schema_name, table_name, column_name, sampled, readable, looked, reason
        )),
        suspected as (
          select w.label, 'number' as kind, pg_catalog.ltrim(
            pg_catalog.regexp_replace(found.run[1], '[^0-9]', '', 'g'), '0'
          ) as word
          from words as w
          cross join lateral pg_catalog.regexp_matches(
            w.word, '([0-9][-0-9 ()./]{5,30}[0-9])', 'g'
          ) as found (run)
          union
          -- a number in hexadecimal digits
          select w.label, 'number', ('x' || pg_catalog.lpad(
            pg_catalog.regexp_replace(w.word, '^ *(0[xX]|\\x)?([0-9A-Fa-f]+) *$', '\2'), 16, '0'
          ))::pg_catalog.bit(64)::bigint::text
          from words as w
          where w.word ~ '^ *(0[xX]|\\x)?[0-9A-Fa-f]{9,16} *$' and w.word ~ '[A-Fa-f]'
          union
          select w.label, 'identifier', found.run[1]
          from words as w
          cross join lateral pg_catalog.regexp_matches(
            w.word, '([0-9A-Za-z_+/=-]{16,})', 'g'
          ) as found (run)
          union
          select w.label, 'identifier', pg_catalog.btrim(w.word)
          from words as w
          where pg_catalog.btrim(w.word) ~ '^[[:graph:]]{16,100}$'
        ),
        ranked as (
          select
            s.*,
            pg_catalog.row_number() over (
              partition by s.label, s.kind order by pg_catalog.hashtextextended(s.word, 1)
            ) as place
          from suspected as s
          where s.kind = 'identifier' or pg_catalog.length(s.word) between 7 and 15
        ),
        compared as materialized (
          select
            r.label,
            r.kind,
            -- a number may be written as bytes, which are then written as hex or base64
            case when r.kind = 'number' then array['+' || r.word, '+' || pg_catalog.reverse(r.word)] else array[
              '+' || pg_catalog.ltrim(pg_catalog.encode(d.from_hex, 'escape'), '+'),
              '+' || pg_catalog.ltrim(pg_catalog.encode(d.from_base64, 'escape'), '+')
            ] end as numbers,
            case when r.kind = 'identifier' then array[
              r.word, pg_catalog.lower(r.word), pg_catalog.upper(r.word), pg_catalog.reverse(r.word),
              pg_catalog.regexp_replace(
                pg_catalog.lower(r.word),
                '^(.{8})-?(.{4})-?(.{4})-?(.{4})-?(.{12})$',
                '\1-\2-\3-\4-\5'
              ),
              pg_catalog.replace(pg_catalog.lower(r.word), '-', ''),
              pg_catalog.encode(d.from_hex, 'escape'), pg_catalog.encode(d.from_base64, 'escape'),
              pg_catalog.encode(d.from_base64, 'hex')
            ] end as identifiers,
            case when r.kind = 'number' then pg_catalog.convert_to(r.word, 'UTF8') end as digits,
            d.from_hex,
            d.from_base64
          from ranked as r
          cross join lateral (
            select
              case when r.kind = 'identifier' and pg_catalog.translate(r.word, ':-', '') ~ '^x?([0-9A-Fa-f]{2}){8,}$'
                then pg_catalog.decode(pg_catalog.ltrim(pg_catalog.translate(r.word, ':-', ''), 'x'), 'hex')
              end as from_hex,
              case when r.kind = 'identifier' and r.word ~ '^[0-9A-Za-z_+/-]{14,}={0,2}$'
                and pg_catalog.length(pg_catalog.rtrim(r.word, '=')) % 4 <> 1
                then pg_catalog.decode(pg_catalog.rpad(
                  pg_catalog.translate(pg_catalog.rtrim(r.word, '='), '-_', '+/'),
                  (pg_catalog.length(pg_catalog.rtrim(r.word, '=')) + 3) / 4 * 4,
                  '='
                ), 'base64')
              end as from_base64
          ) as d
          where r.place <= 100
        ),
        counted as (
          select
            c.label,
            pg_catalog.count(*) as compared,
            pg_catalog.count(*) filter (where c.kind = 'number') as numbers,
            pg_catalog.count(*) filter (
              where coalesce({lookup})
              or c.from_hex in (select k.whole from known as k)
              or c.from_base64 in (select k.whole from known as k)
            ) as matching,
            pg_catalog.count(*) filter (where c.digits in (select n.digits from domestic as n)) as domestic
          from compared as c
          group by c.label
        ),
        read as (
          select
            w.label,
            pg_catalog.count(distinct w.place) filter (where w.word is not null) as examined,
            pg_catalog.bool_and(w.word is not null and pg_catalog.length(w.word) <= 4000)
            and pg_catalog.max(w.total) <= 300 as whole
          from words as w
          group by w.label
        )
        select
          l.schema_name,
          l.table_name,
          l.column_name,
          coalesce(r.examined, 0) as examined,
          coalesce(c.compared, 0) as compared,
          coalesce(c.matching + case when c.domestic > 1 then c.domestic else 0 end, 0) as matching,
          0::bigint as repeated,
          true as readable,
          true as looked,
          not l.sampled and coalesce(r.whole, true) and coalesce(c.numbers, 0) < 100
          and coalesce(c.compared - c.numbers, 0) < 100 as whole,
          null::text as reason
        from listed as l
        left join read as r on r.label = l.label
        left join counted as c on c.label = l.label
      $others$ else $unread$
        select
          c.schema_name, c.table_name, c.column_name,
          0::bigint as examined, 0::bigint as compared, 0::bigint as matching, 0::bigint as repeated,
          c.readable, c.looked, false as whole, c.reason
        from (values {columns}) as c (
          label, schema_name, table_name, column_name, sampled, readable, looked, reason
        )
      $unread$ end,
      pg_catalog.jsonb_build_object(
        'known', known, 'words', part.words, 'columns', part.columns, 'lookup', lookups || 'false'
      )
    );
  end loop;
end
$$;
revoke all on function public.audit_matching_values() from public;
grant execute on function public.audit_matching_values() to nosender_auditor;

-- 850_comments.sql
comment on routine public.audit_declared is
'Says what the catalogue declares, of each column; called by the functions below.';
comment on routine public.audit_text is 'Fills the template of a statement; called by the functions below.';
comment on routine public.audit_type is
'Says on which built-in type one rests; called by the functions below.';
comment on routine public.audit_columns is
'Lists the columns of the declared tables as they are; called by the functions below.';
comment on routine public.audit_tables is
'Lists every table, how large it is, and why it is not read; called by the functions below.';
comment on routine public.audit_known_values is
'Writes the statement that reads what is stored about people; called by audit_matching_values.';
comment on routine public.audit_own_values is
'Writes the statement that looks for that in our own columns; called by audit_matching_values.';
comment on routine public.audit_other_columns is
'Lists the columns of other schemas that could hold it; called by audit_matching_values.';
comment on routine public.audit_content is
'Counts values that look like text, files or contacts where ciphertext or keys belong.';
comment on routine public.audit_identifiers is
'Counts identifiers that say when, in which order or by whom they were made.';
comment on routine public.audit_times is 'Counts stored times that are finer than declared, or lie ahead.';
comment on routine public.audit_matching_values is
'Counts values of ours where they do not belong, in our own columns and in other schemas.';
