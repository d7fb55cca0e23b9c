-- finds: billing
-- finds: reporting
create schema billing;
create table billing.invoices (user_id integer references public.users (id));
create schema reporting;
create view reporting.accounts as
select u.id
from public.users as u;
