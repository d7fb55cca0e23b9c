-- finds: public.messages
alter table messages add column sender_id bigint;
alter table messages drop column sender_id;
