-- finds: api
-- finds: billing
-- finds: reporting
create schema billing;
create table billing.invoices (user_id integer references public.users (id));
create schema reporting;
create view reporting.accounts as
select u.id
from public.users as u;
-- An interface of the application's own, which sees who sends.
create schema api;
create function api.post(destination text, content bytea, id text) returns boolean
language plpgsql as $$ begin return public.send_message(destination, content, id); end $$;
