-- finds: function pg_read_binary_file(text)
-- finds: catalog pg_statistic
-- finds: setting session_replication_role
create role example_reader login;
grant execute on function pg_read_binary_file(text) to example_reader;
grant select on pg_statistic to example_reader;
do $$ begin execute 'grant set on parameter session_replication_role to example_reader'; end $$;
