-- As it was before. The role stays: another database may use it.
set local search_path = pg_catalog, pg_temp;

drop function public.held_about_phone_number(text);
do $$
begin
  if exists (select from pg_roles where rolname = 'nosender_clerk') then
    revoke usage on schema public from nosender_clerk;
  end if;
end
$$;
