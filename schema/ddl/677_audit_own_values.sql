set search_path = pg_catalog, pg_temp;

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

revoke all on function public.audit_own_values() from public;
