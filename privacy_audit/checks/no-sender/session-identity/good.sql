-- A word of that kind in a comment asks nothing.
create function innocent() returns integer language sql as $$
  -- not current_user
  select 1
$$;
