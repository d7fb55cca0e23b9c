-- Each row is a language that is not trusted, PostgreSQL's own two left out.
select l.lanname as subject
from pg_catalog.pg_language as l
where
  l.oid >= 16384
  and not l.lanpltrusted
order by subject
