-- Each row is a subscription of the database.
select s.subname as subject
from pg_catalog.pg_subscription as s
inner join pg_catalog.pg_database as d on s.subdbid = d.oid
where d.datname = pg_catalog.current_database()
order by subject
