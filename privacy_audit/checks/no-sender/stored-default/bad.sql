-- finds: public.messages.origin
alter table messages add column origin varchar(20) default 'the first sender';
alter table messages alter column origin drop default;
