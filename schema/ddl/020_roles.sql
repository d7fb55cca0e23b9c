set search_path = pg_catalog, pg_temp;

-- Groups that cannot log in: each may run its own functions and touch no table. Roles belong to the
-- whole cluster: another database may have made them long ago, or be making them in this very moment.
do $$
declare
  role_name text;
begin
  foreach role_name in array array['nosender_app', 'nosender_sweeper', 'nosender_auditor'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      begin
        execute format('create role %I nologin', role_name);
      exception
        when duplicate_object or unique_violation then
          null;
      end;
    end if;
  end loop;
exception
  when insufficient_privilege then
    raise exception 'the role % may not create roles, and % is missing', current_user, role_name
      using errcode = 'insufficient_privilege',
      hint = 'Have an administrator run: create role nosender_app nologin; '
      'create role nosender_sweeper nologin; create role nosender_auditor nologin;';
end
$$;

-- The clerk is for those who answer requests: where it is missing and cannot be made, nobody is one.
do $$
begin
  if not exists (select from pg_roles where rolname = 'nosender_clerk') then
    create role nosender_clerk nologin;
  end if;
exception
  when duplicate_object or unique_violation or insufficient_privilege then
    null;
end
$$;
