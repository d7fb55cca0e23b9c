-- Each row is a foreign server or a foreign data wrapper.
select s.srvname as subject
from pg_catalog.pg_foreign_server as s
union all
select w.fdwname as subject
from pg_catalog.pg_foreign_data_wrapper as w
order by subject
