-- finds: example_keeper
-- finds: example_login
-- finds: nosender_app
-- finds: nosender_sweeper
alter role nosender_app createdb;
grant pg_read_all_data to nosender_sweeper;
-- In one group by itself and in another through a group of its own.
create role example_team in role nosender_sweeper;
create role example_login login in role nosender_app;
grant example_team to example_login;
create role example_keeper login;
grant nosender_app to example_keeper with admin option;
