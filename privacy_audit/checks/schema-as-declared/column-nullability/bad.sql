-- finds: public.ephemeral_keys.used
-- finds: public.messages.expires_at
alter table ephemeral_keys alter column used drop not null;
alter table messages alter column expires_at set not null;
