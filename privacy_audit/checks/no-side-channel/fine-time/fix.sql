update messages
set created_at = date_trunc('hour', created_at);
update ephemeral_keys
set expires_at = date_trunc('hour', expires_at) + interval '1 hour';
