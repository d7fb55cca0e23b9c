-- finds: public.account
-- finds: public.address
-- finds: public.direction
create type address as (sender text, receiver text);
create type direction as enum ('inbound', 'outbound');
create domain account as text default current_user;
