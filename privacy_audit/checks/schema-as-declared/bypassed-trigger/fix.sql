alter role nosender_app reset session_replication_role;
