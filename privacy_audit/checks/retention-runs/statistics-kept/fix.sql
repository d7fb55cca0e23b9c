delete from pg_statistic
where starelid = 'users'::regclass;
