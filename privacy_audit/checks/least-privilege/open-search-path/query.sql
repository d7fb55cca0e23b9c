-- Each row is a function with its owner's rights and no search_path of its own.
select
  n.nspname || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' as subject
from pg_catalog.pg_proc as p
inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
where
  p.oid >= 16384
  and p.prosecdef
  and not coalesce(pg_catalog.array_to_string(p.proconfig, ',') ~ 'search_path=', false)
order by subject
