-- Which old copies of shards wait to be dropped, and where?
select
  c.node_group_id as at_group,
  c.object_name as name -- qualified and quoted
from pg_catalog.pg_dist_cleanup as c
where c.object_type = 1 -- the placement of a shard
