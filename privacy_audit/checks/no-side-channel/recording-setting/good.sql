-- Changes of the schema may be logged: they hold no row.
alter role nosender_app set log_statement = 'ddl';
alter role nosender_app reset all;
