-- Which constraints hold, on which columns, and are they trusted? Domains' constraints too.
-- Constraint triggers (t) are among the triggers.
select
  n.nspname as schema,
  con.conname as name,
  con.conrelid,
  con.conkey,
  rn.nspname as referenced_schema,
  r.relname as referenced_table,
  con.confrelid,
  con.confkey,
  con.convalidated as validated,
  con.condeferrable as deferrable_,
  con.condeferred as initially_deferred,
  coalesce(c.relname, t.typname) as table_,
  case con.contype
    when 'p' then 'primary key'
    when 'u' then 'unique'
    when 'c' then 'check'
    when 'f' then 'foreign key'
    when 'x' then 'exclusion'
    when 'n' then 'not null'
  end as kind,
  con.contypid <> 0 as of_domain,
  -- a plain primary key is written down by whoever has the columns' names
  case
    when
      con.contype <> 'p'
      or con.condeferrable
      or i.indnatts <> i.indnkeyatts
      or i.indisexclusion -- WITHOUT OVERLAPS
      then pg_catalog.pg_get_constraintdef(con.oid)
  end as definition,
  con.coninhcount > 0 as inherited
from pg_catalog.pg_constraint as con
left join pg_catalog.pg_class as c on con.conrelid = c.oid
left join pg_catalog.pg_type as t on con.contypid = t.oid
inner join pg_catalog.pg_namespace as n on coalesce(c.relnamespace, t.typnamespace) = n.oid
left join pg_catalog.pg_index as i on con.conindid = i.indexrelid and con.contype = 'p'
left join pg_catalog.pg_attribute as na
  on con.conrelid = na.attrelid and con.conkey[1] = na.attnum and con.contype = 'n'
left join pg_catalog.pg_class as r on con.confrelid = r.oid
left join pg_catalog.pg_namespace as rn on r.relnamespace = rn.oid
where
  con.oid >= 16384
  and con.contype <> 't'
  -- From 18 on every NOT NULL is a constraint; one that says no more than its column does is left out.
  and not (
    con.contype = 'n'
    and con.convalidated
    and (
      con.contypid <> 0
      or con.coninhcount > 0
      or con.conname = c.relname || '_' || na.attname || '_not_null'
    )
  )
