-- finds: public.open_door()
create function open_door() returns bigint language sql security definer
as 'select count(*) from users';
