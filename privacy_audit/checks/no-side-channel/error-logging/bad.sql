-- finds: nosender_app: log_error_verbosity
-- finds: nosender_app: log_min_error_statement
alter role nosender_app set log_error_verbosity = 'verbose';
alter role nosender_app set log_min_error_statement = 'error';
