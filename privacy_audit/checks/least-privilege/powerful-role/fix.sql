alter role nosender_app nocreatedb;
revoke pg_read_all_data from nosender_sweeper;
drop role example_login;
drop role example_team;
drop role example_keeper;
