-- finds: public.messages
alter table messages set (autovacuum_enabled = false);
