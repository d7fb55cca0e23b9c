-- Which constraints hold, on which columns, and are they trusted? Domains' constraints too.
-- Constraint triggers (t) are among the triggers.
select
  con.oid,
  con.conname,
  con.conrelid,
  con.contype, -- p: primary key, u: unique, c: check, f: foreign key, x: exclusion, n: not null
  con.conkey::text as keys, -- {1,2}
  con.confrelid,
  con.confkey::text as referenced_keys,
  con.conindid,
  con.convalidated,
  con.condeferrable,
  con.condeferred,
  con.confupdtype,
  con.confdeltype,
  con.coninhcount > 0 as inherited,
  -- a key that says no more than which columns is written down by whoever has their names
  con.contype in ('p', 'u', 'f')
  and con.convalidated
  and not i.indisexclusion -- WITHOUT OVERLAPS, PERIOD
  and (con.contype = 'f' or (i.indnatts = i.indnkeyatts and not i.indnullsnotdistinct))
  and (con.contype <> 'f' or (con.confmatchtype = 's' and con.confdelsetcols is null)) as plain,
  -- where it stands, for what is not among the relations: a domain, a table of PostgreSQL's own
  case
    when con.conrelid < 16384
      then (
        select array[n.nspname, coalesce(c.relname, t.typname)]::text[]
        from pg_catalog.pg_namespace as n
        left join pg_catalog.pg_class as c on n.oid = c.relnamespace and c.oid = con.conrelid
        left join pg_catalog.pg_type as t on n.oid = t.typnamespace and t.oid = con.contypid
        where coalesce(c.oid, t.oid) is not null
      )
  end as place,
  case
    when con.confrelid between 1 and 16383
      then (
        select array[n.nspname, c.relname]::text[]
        from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where c.oid = con.confrelid
      )
  end as referenced_place
from pg_catalog.pg_constraint as con
left join pg_catalog.pg_index as i on con.conindid = i.indexrelid and con.contype in ('p', 'u', 'f')
where
  con.oid >= 16384
  and con.contype <> 't'
  -- From 18 on every NOT NULL is a constraint; one that says no more than its column does is left out:
  -- here what is inherited or of a domain, or an answer of attached.sql.
  and (
    con.contype <> 'n'
    or not con.convalidated
    or (con.contypid = 0 and con.coninhcount = 0 and (con.connoinherit or con.conrelid < 16384))
  )
