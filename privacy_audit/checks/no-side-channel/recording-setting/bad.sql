-- finds: nosender_app: log_duration
-- finds: nosender_app: log_min_duration_statement
-- finds: nosender_app: log_statement
alter role nosender_app set log_statement = 'all';
alter role nosender_app set log_min_duration_statement = 100;
alter role nosender_app set log_duration = on;
