-- Each row is a declared extension that is not installed.
select declared.name as subject
from (
  values
  -- made from the catalogue: extensions
  ('btree_gist'),
  ('plpgsql')
  -- end
) as declared (name)
where
  declared.name not in (
    select e.extname
    from pg_catalog.pg_extension as e
  )
order by subject
