-- finds: public.contacts
-- finds: public.users
create table contacts (
  owner integer references users (id),
  peer integer references users (id)
);
alter table users add column invited_by integer references users (id);
