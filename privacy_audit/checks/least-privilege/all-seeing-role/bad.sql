-- finds: example_analyst
-- finds: example_backup
-- finds: example_group
-- finds: example_spy
create role example_backup login;
grant pg_read_all_data to example_backup;
-- Through a group, to the owner of a table.
create role example_owner;
create role example_group;
create role example_analyst login;
grant example_owner to example_group;
grant example_group to example_analyst;
alter table messages owner to example_owner;
create role example_spy login replication;
