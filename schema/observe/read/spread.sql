-- Which node of a database that Citus distributes is this, how many are there, what of a schema is in shards?
select
  l.groupid,
  (
    select pg_catalog.count(n.nodeid)
    from pg_catalog.pg_dist_node as n
  ) as nodes,
  0 in (
    select n.groupid
    from pg_catalog.pg_dist_node as n
  ) as listed,
  array(
    select c.relname::text
    from pg_catalog.pg_dist_partition as p
    inner join pg_catalog.pg_class as c on p.logicalrelid = c.oid
    inner join pg_catalog.pg_namespace as s on c.relnamespace = s.oid
    where s.nspname = $1
    order by c.relname::text
  ) as tables
from pg_catalog.pg_dist_local_group as l
