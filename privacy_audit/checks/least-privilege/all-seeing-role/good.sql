-- To see the settings is to see no row.
create role example_watch login;
grant pg_read_all_settings to example_watch;
drop role example_watch;
