-- Rights belong to groups that nobody can log in as.
do $$
begin
  for n in 1 .. 51 loop
    execute format('create role person_%s nologin', n);
  end loop;
  for n in 1 .. 51 loop
    execute format('drop role person_%s', n);
  end loop;
end
$$;
