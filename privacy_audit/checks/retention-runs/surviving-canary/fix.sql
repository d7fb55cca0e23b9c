delete from messages
where expires_at < now() at time zone 'utc';
