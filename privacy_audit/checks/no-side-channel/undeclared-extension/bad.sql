-- finds: insert_username
-- finds: pg_stat_statements
create extension insert_username;
create extension pg_stat_statements;
