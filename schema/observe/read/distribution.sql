-- How does Citus spread this database? Nodes, tables and shards, by its own tables; asked where those are
-- there. Its functions are not called.
select
  'node' as kind,
  pg_catalog.jsonb_build_object(
    'group', n.groupid,
    'role', n.noderole,
    'host', n.nodename,
    'port', n.nodeport,
    'active', n.isactive,
    'holds_shards', n.shouldhaveshards
  ) as facts
from pg_catalog.pg_dist_node as n
union all
select
  'here' as kind,
  pg_catalog.jsonb_build_object('group', l.groupid, 'standby', pg_catalog.pg_is_in_recovery()) as facts
from pg_catalog.pg_dist_local_group as l
union all
select
  'table' as kind,
  pg_catalog.jsonb_build_object(
    'oid', p.logicalrelid::oid::bigint,
    'method', p.partmethod, -- h: hash, n: none, a and r: of before
    'model', p.repmodel, -- t: a copy on every node
    'colocation', p.colocationid,
    'key', p.partkey, -- as PostgreSQL parsed it
    'shards', (
      select pg_catalog.count(*)
      from pg_catalog.pg_dist_shard as s
      where s.logicalrelid = p.logicalrelid
    )
  ) as facts
from pg_catalog.pg_dist_partition as p
union all
select
  'shard' as kind,
  pg_catalog.jsonb_build_object(
    'oid', s.logicalrelid::oid::bigint,
    'id', s.shardid,
    'here', exists (
      select
      from pg_catalog.pg_dist_placement as p
      inner join pg_catalog.pg_dist_local_group as l on p.groupid = l.groupid
      where p.shardid = s.shardid
    )
  ) as facts
from pg_catalog.pg_dist_shard as s
