-- finds: roles
-- Nobody logs in as these: a gateway becomes one for each request.
do $$
begin
  create role example_gateway login;
  for n in 1 .. 12 loop
    execute format('create role person_%s nologin in role nosender_app', n);
    execute format('grant person_%s to example_gateway', n);
  end loop;
end
$$;
