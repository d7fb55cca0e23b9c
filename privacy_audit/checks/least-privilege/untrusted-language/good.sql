-- A trusted one keeps within the database.
create function tame_handler() returns language_handler language c
as '$libdir/plpgsql', 'plpgsql_call_handler';
create trusted language tame handler tame_handler; -- noqa: PRS
