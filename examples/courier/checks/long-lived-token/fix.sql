alter table push_tokens alter column expires_at set not null;
