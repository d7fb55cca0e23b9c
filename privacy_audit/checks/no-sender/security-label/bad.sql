-- finds: public.messages
-- As a superuser can put it there; the usual way needs a provider that is loaded into the server.
set allow_system_table_mods = on;
insert into pg_seclabel (objoid, classoid, objsubid, provider, label)
values ('messages'::regclass, 'pg_class'::regclass, 0, 'example', 'sent by the office');
