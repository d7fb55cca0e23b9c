set search_path = pg_catalog, pg_temp;

-- btree_gist gives the exclusion on device_session_keys its operators for integers. It belongs to
-- PostgreSQL's contrib modules and is trusted, so the right to create in the database is enough. Which
-- schema it stands in does not matter: an index finds the default operator class of a type anywhere.
do $$
begin
  if not exists (select from pg_extension where extname = 'btree_gist') then
    create extension btree_gist with schema public;
  end if;
exception
  when duplicate_object or unique_violation then  -- somebody else created it in the same moment
    null;
  when feature_not_supported or undefined_file then
    raise exception 'the extension btree_gist is not installed on this server'
      using errcode = 'feature_not_supported',
      hint = 'Install PostgreSQL''s contrib modules (Red Hat: postgresql-contrib).';
  when insufficient_privilege then
    raise exception 'the role % may not create the extension btree_gist in the database %',
      current_user, current_database()
      using errcode = 'insufficient_privilege',
      hint = 'Have an administrator run in this database: create extension btree_gist;';
end
$$;
