update messages set expires_at = created_at + interval '16 hours';
update device_session_keys set expires_at = created_at + interval '31 days';
