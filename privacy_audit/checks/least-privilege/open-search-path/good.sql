-- With the caller's rights a function can do no more than its caller.
create function closed_door() returns bigint language sql
as 'select count(*) from users';
-- Nobody but its owner may create in this schema.
create schema closed;
create function inner_door() returns bigint language sql security definer set search_path = closed, pg_temp
as 'select count(*) from public.users';
