-- finds: postgres: table
alter default privileges in schema public grant select on tables to public;
