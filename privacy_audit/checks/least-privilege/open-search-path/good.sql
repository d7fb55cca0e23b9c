-- With the caller's rights a function can do no more than its caller.
create function closed_door() returns bigint language sql
as 'select count(*) from users';
