-- finds: public
-- finds: public.messages
-- finds: public.users.id
comment on table messages is 'mostly from the office in town';
comment on column users.id is 'see the list of customers';
comment on schema public is 'for what the office in town sends';
