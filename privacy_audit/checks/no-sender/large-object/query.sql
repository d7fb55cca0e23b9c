-- Each row is a role that owns large objects.
select distinct 'large objects of ' || pg_catalog.pg_get_userbyid(l.lomowner) as subject
from pg_catalog.pg_largeobject_metadata as l
order by subject
