-- finds: wild
create function wild_handler() returns language_handler language c
as '$libdir/plpgsql', 'plpgsql_call_handler';
create language wild handler wild_handler; -- noqa: PRS
