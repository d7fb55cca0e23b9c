delete from messages
where expires_at < now() at time zone 'utc';
delete from ephemeral_keys
where expires_at < now() at time zone 'utc';
