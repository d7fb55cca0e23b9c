-- What a reader sees of Citus, without Citus: an extension of its name, and the tables that say how a
-- database is spread. For a superuser, in a database that is thrown away; nothing here distributes anything.
set allow_system_table_mods to on;
insert into pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
values (99999999, 'citus', 10, 'pg_catalog'::regnamespace, false, '0-stand-in');
create table pg_catalog.pg_dist_node (
  nodeid integer, groupid integer, nodename text, nodeport integer, noderole text, isactive boolean,
  shouldhaveshards boolean
);
create table pg_catalog.pg_dist_local_group (groupid integer);
create table pg_catalog.pg_dist_partition (
  logicalrelid regclass, partmethod "char", partkey text, colocationid integer, repmodel "char"
);
create table pg_catalog.pg_dist_shard (logicalrelid regclass, shardid bigint, shardminvalue text);
create table pg_catalog.pg_dist_placement (shardid bigint, groupid integer);
create table pg_catalog.pg_dist_cleanup (object_type integer, object_name text, node_group_id integer);
grant select on pg_catalog.pg_dist_node, pg_catalog.pg_dist_local_group, pg_catalog.pg_dist_partition,
pg_catalog.pg_dist_shard, pg_catalog.pg_dist_placement, pg_catalog.pg_dist_cleanup to public;
create view public.citus_tables as select p.logicalrelid as table_name from pg_catalog.pg_dist_partition as p;
alter extension citus add table pg_catalog.pg_dist_node;
alter extension citus add table pg_catalog.pg_dist_local_group;
alter extension citus add table pg_catalog.pg_dist_partition;
alter extension citus add table pg_catalog.pg_dist_shard;
alter extension citus add table pg_catalog.pg_dist_placement;
alter extension citus add table pg_catalog.pg_dist_cleanup;
alter extension citus add view public.citus_tables;
reset allow_system_table_mods;

-- three nodes, of which this one is the coordinator, with two shards of the users
insert into pg_catalog.pg_dist_node values
(1, 0, 'coordinator.example', 5432, 'primary', true, true),
(2, 1, 'one.example', 5432, 'primary', true, true),
(3, 2, 'two.example', 5432, 'primary', true, true);
insert into pg_catalog.pg_dist_local_group values (0);
insert into pg_catalog.pg_dist_partition
values ('public.users', 'h', '{VAR :varno 1 :varattno 2 :vartype 1043}', 1, 's');
insert into pg_catalog.pg_dist_shard values ('public.users', 102008), ('public.users', 102009);
insert into pg_catalog.pg_dist_placement values (102008, 0), (102009, 0);

-- the shards, whose keys have names of their own
create table public.users_102008 (like public.users including all);
alter table public.users_102008 alter column phone_number set statistics 0;
create trigger users_guard_102008 before insert or update on public.users_102008
for each row execute function public.users_guard();
create trigger users_utc_102008 before insert or update on public.users_102008
for each statement execute function public.refuse_time_zone();
create table public.users_102009 (like public.users including all);
alter table public.users_102009 alter column phone_number set statistics 0;
create trigger users_guard_102009 before insert or update on public.users_102009
for each row execute function public.users_guard();
create trigger users_utc_102009 before insert or update on public.users_102009
for each statement execute function public.refuse_time_zone();
