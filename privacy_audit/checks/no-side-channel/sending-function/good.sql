-- What it says in a comment, it does not do.
create function quiet() returns integer language sql
begin atomic
  select 1; -- pg_notify
end;
