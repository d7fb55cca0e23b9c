-- finds: public.messages.messages_destination_phone_fkey
-- finds: public.users.users_invited_by_fkey
-- It looks tidy, and makes every message a row of its destination's account.
alter table messages
add constraint messages_destination_phone_fkey foreign key (destination_phone) references users (
  phone_number
);
alter table users add column invited_by integer;
alter table users add constraint users_invited_by_fkey foreign key (invited_by) references users (id);
