-- finds: public.push_tokens.expires_at
alter table push_tokens alter column expires_at drop not null;
