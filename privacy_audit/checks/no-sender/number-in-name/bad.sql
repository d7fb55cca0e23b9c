-- finds: public.inbox_[number]
-- finds: public.users
create table inbox_15551234567 ();
comment on table users is 'ask +15557654321 about this one';
