-- finds: public.messages
alter table messages replica identity full;
