-- An expiry that must be set is an expiry.
alter table messages alter column expires_at set not null;
