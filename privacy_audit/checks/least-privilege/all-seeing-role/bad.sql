-- finds: example_backup
create role example_backup login;
grant pg_read_all_data to example_backup;
