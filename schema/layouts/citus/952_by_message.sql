-- On Citus: the column by which a table is distributed cannot be dropped, and a column that is dropped later
-- would stay in the rows.
select pg_catalog.set_config('citus.enable_unsafe_triggers', 'on', true);
select pg_catalog.alter_distributed_table(
  'public.message_deliveries', distribution_column := 'message_id', colocate_with := 'none'
);
