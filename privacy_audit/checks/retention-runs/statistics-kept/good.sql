insert into users (phone_number)
select '+491510000' || n
from generate_series(1000, 1100) as n;
analyze users;
