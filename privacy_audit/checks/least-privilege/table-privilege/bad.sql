-- finds: public.messages
-- finds: public.messages_id_seq
-- finds: public.users.phone_number
grant select on messages to nosender_app;
grant select (phone_number) on users to public;
grant usage on sequence messages_id_seq to nosender_app;
