-- What Citus does to a table, without doing it: its books say that rows are elsewhere, and they stay. After
-- stand_in.sql, whose tables it empties.
set allow_system_table_mods to on;
drop table public.users_102008, public.users_102009;
truncate pg_catalog.pg_dist_partition, pg_catalog.pg_dist_shard, pg_catalog.pg_dist_placement;
create function pg_catalog.noted(relation text, way "char", key text, model "char") returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  delete from pg_dist_partition where logicalrelid = relation::regclass;
  insert into pg_dist_partition
  select
    relation::regclass, way,
    (
      select format('{VAR :varno 1 :varattno %s :vartype %s}', a.attnum, a.atttypid) from pg_attribute as a
      where a.attrelid = relation::regclass and a.attname = key
    ),
    1, model;
$$;
create function pg_catalog.create_reference_table(relation text) returns void
language sql
as $$ select pg_catalog.noted(relation, 'n', null, 't') $$;
create function pg_catalog.create_distributed_table(
  relation text, key text, colocate_with text default 'default'
) returns void
language sql
as $$ select pg_catalog.noted(relation, 'h', key, 's') $$;
create function pg_catalog.alter_distributed_table(
  relation text, distribution_column text, colocate_with text
) returns void
language sql
as $$ select pg_catalog.noted(relation, 'h', distribution_column, 's') $$;
create function pg_catalog.undistribute_table(relation text, cascade_via_foreign_keys boolean default false)
returns void
language sql
as $$ delete from pg_catalog.pg_dist_partition where logicalrelid = relation::pg_catalog.regclass $$;
create function pg_catalog.truncate_local_data_after_distributing_table(relation text) returns void
language sql
as $$ select $$;
create function pg_catalog.citus_local_disk_space_stats(
  out available_disk_size bigint, out total_disk_size bigint
)
language sql
as $$ select 1000000000000, 1000000000000 $$;
do $$
declare
  name text;
begin
  for name in
    select p.oid::regprocedure from pg_catalog.pg_proc as p
    where
      p.pronamespace = 'pg_catalog'::regnamespace
      and p.proname in (
        'noted', 'create_reference_table', 'create_distributed_table', 'alter_distributed_table',
        'undistribute_table', 'truncate_local_data_after_distributing_table', 'citus_local_disk_space_stats'
      )
  loop
    execute 'alter extension citus add function pg_catalog.' || name;
  end loop;
end
$$;
reset allow_system_table_mods;
