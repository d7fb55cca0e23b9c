-- To move the server's logs on is to see no row; and what everybody may anyway is not given by a grant to one.
create role example_keeper login;
grant execute on function pg_rotate_logfile() to example_keeper;
grant execute on function pg_backend_pid() to example_keeper;
revoke execute on function pg_backend_pid() from example_keeper;
drop owned by example_keeper;
drop role example_keeper;
