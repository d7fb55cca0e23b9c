drop extension insert_username;
drop extension pg_stat_statements;
