-- finds: nosender_app
-- finds: nosender_sweeper
alter role nosender_app createdb;
grant pg_read_all_data to nosender_sweeper;
