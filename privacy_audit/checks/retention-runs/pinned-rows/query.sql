-- Each row is a prepared transaction of this database or a replication slot that nobody reads.
select p.gid as subject
from pg_catalog.pg_prepared_xacts as p
where p.database = pg_catalog.current_database()
union all
select s.slot_name::text as subject
from pg_catalog.pg_replication_slots as s
where
  not s.active
  or s.xmin is not null
order by subject
