-- Each row is an installed extension that the catalogue does not declare.
select e.extname as subject
from pg_catalog.pg_extension as e
where
  e.extname not in (
    -- made from the catalogue: extensions
    ('btree_gist'),
    ('plpgsql')
    -- end
  )
order by subject
