alter table retention_runs disable trigger user;
delete from retention_runs;
alter table retention_runs enable trigger user;
