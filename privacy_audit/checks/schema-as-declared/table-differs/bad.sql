-- finds: public.ephemeral_keys
-- finds: public.messages
alter table ephemeral_keys set unlogged;
alter table messages enable row level security;
