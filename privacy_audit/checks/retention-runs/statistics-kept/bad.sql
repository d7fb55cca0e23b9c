-- finds: public.users.phone_number
alter table users alter column phone_number set statistics 100;
insert into users (phone_number)
select '+491510000' || n
from generate_series(1000, 1100) as n;
analyze users;
delete from users;
alter table users alter column phone_number set statistics 0;
