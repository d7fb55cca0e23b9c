-- Each row is an object with a security label.
select distinct o.identity as subject
from pg_catalog.pg_seclabel as s
cross join lateral pg_catalog.pg_identify_object(s.classoid, s.objoid, s.objsubid) as o
order by subject
