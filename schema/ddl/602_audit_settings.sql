set search_path = pg_catalog, pg_temp;

-- Twenty-odd settings of the server, among them which libraries it loads, are shown to members of
-- pg_read_all_settings only. Without them the audit says that it could not look. It is no right to any row.
do $$
begin
  if not pg_has_role('nosender_auditor', 'pg_read_all_settings', 'member') then
    grant pg_read_all_settings to nosender_auditor;
  end if;
exception
  when insufficient_privilege then
    raise notice 'the role % may not grant pg_read_all_settings; have an administrator run: '
      'grant pg_read_all_settings to nosender_auditor;', current_user;
  when unique_violation or internal_error then  -- another database granted it in the same moment
    null;
end
$$;
