-- finds: nosender_app: session_replication_role
alter role nosender_app set session_replication_role = 'replica';
