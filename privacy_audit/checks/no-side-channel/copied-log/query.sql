-- Each row is a replication slot, or a setting that copies the log of changes.
select s.slot_name::text as subject
from pg_catalog.pg_replication_slots as s
union all
select s.name as subject
from pg_catalog.pg_settings as s
where
  (s.name = 'archive_mode' and s.reset_val <> 'off')
  or (s.name = 'wal_level' and s.reset_val not in ('replica', 'minimal'))
order by subject
