set search_path = pg_catalog, pg_temp;

-- How long something lives that is to live for `asked`: the next of thirteen lifetimes, for one of any
-- length would be a mark by which rows are told apart. NULL beyond the longest, and for NULL. Bound when
-- it is made, and so a part of whatever statement calls it.
create function public.lifetime(asked interval) returns interval
language sql
immutable parallel safe
return case
  when asked <= '1 hour' then interval '1 hour'
  when asked <= '2 hours' then interval '2 hours'
  when asked <= '4 hours' then interval '4 hours'
  when asked <= '8 hours' then interval '8 hours'
  when asked <= '16 hours' then interval '16 hours'
  when asked <= '1 day' then interval '1 day'
  when asked <= '2 days' then interval '2 days'
  when asked <= '4 days' then interval '4 days'
  when asked <= '7 days' then interval '7 days'
  when asked <= '14 days' then interval '14 days'
  when asked <= '31 days' then interval '31 days'
  when asked <= '92 days' then interval '92 days'
  when asked <= '366 days' then interval '366 days'
end;
revoke all on function public.lifetime(interval) from public;
