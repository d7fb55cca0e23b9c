drop function keep_ddl_of() cascade;
