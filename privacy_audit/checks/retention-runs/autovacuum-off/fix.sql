alter table messages reset (autovacuum_enabled);
