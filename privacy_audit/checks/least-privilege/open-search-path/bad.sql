-- finds: public.first_door()
-- finds: public.lost_door()
-- finds: public.open_door()
-- finds: public.wide_door()
create schema shared;
grant create on schema shared to public;
create function open_door() returns bigint language sql security definer
as 'select count(*) from users';
-- Behind pg_catalog: an operator there that fits exactly is taken all the same.
create function wide_door() returns bigint language sql security definer
set search_path = pg_catalog, shared, pg_temp
as 'select count(*) from public.users';
-- What its caller made in pg_temp comes before pg_catalog, for a table.
create function first_door() returns bigint language sql security definer set search_path = pg_catalog
as 'select count(*) from public.users';
create function lost_door() returns bigint language sql security definer set search_path = nowhere, pg_temp
as 'select count(*) from public.users';
