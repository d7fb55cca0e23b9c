do $$
begin
  for n in 1 .. 51 loop
    execute format('drop role person_%s', n);
  end loop;
end
$$;
