-- What is the default anyway.
alter role nosender_app set session_replication_role = 'origin';
alter role nosender_app reset session_replication_role;
