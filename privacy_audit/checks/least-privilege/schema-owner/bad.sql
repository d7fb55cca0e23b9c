-- finds: database
-- finds: public
create role example_landlord;
alter schema public owner to example_landlord;
do $$
begin
  execute pg_catalog.format('alter database %I owner to example_landlord', pg_catalog.current_database());
end $$;
