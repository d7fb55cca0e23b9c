-- Each row is a publication of the database.
select p.pubname as subject
from pg_catalog.pg_publication as p
order by subject
