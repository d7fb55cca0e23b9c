-- More often than usual.
alter table messages set (autovacuum_vacuum_scale_factor = 0.01);
