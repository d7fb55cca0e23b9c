-- finds: roles
do $$
begin
  for n in 1 .. 51 loop
    execute format('create role person_%s login', n);
  end loop;
end
$$;
