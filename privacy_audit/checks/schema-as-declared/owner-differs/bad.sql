-- finds: public.refuse_time_zone()
-- finds: public.users
-- finds: public.users_id_seq
create role example_owner;
alter table users owner to example_owner;
alter function refuse_time_zone() owner to example_owner;
