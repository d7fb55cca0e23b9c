alter role nosender_app nocreatedb;
revoke pg_read_all_data from nosender_sweeper;
