-- Each row is the mark of a column that was dropped from a table with pages, unless the ledger holds a receipt
-- that the file which the table has now was written after that. A receipt is worth what the ledger's chain is:
-- see broken-ledger.
select n.nspname || '.' || c.relname || '."dropped column ' || a.attnum || '"' as subject
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and c.relkind in ('r', 'p', 'm', 'f', 'c', 'v')
  and a.attisdropped
  and pg_catalog.pg_relation_size(c.oid) > 0
  and not exists (
    select 1
    from retention_runs as r
    where
      r.phase = 'rewritten'
      and r.table_name = c.relname
      and r.file_number = pg_catalog.pg_relation_filenode(c.oid)
      and a.attnum = any(r.dropped_columns)
  )
order by subject
