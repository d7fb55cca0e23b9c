alter table ephemeral_keys alter column used set not null;
alter table messages alter column expires_at drop not null;
