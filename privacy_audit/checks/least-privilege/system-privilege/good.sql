-- To move the server's logs on is to see no row.
create role example_keeper login;
grant execute on function pg_rotate_logfile() to example_keeper;
drop owned by example_keeper;
drop role example_keeper;
