do $$
begin
  for n in 1 .. 12 loop
    execute format('drop role person_%s', n);
  end loop;
  drop role example_gateway;
end
$$;
