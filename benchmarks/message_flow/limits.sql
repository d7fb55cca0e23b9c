-- Tables that differ in one thing each, and functions that do nothing.
create table bare (
  id bigserial primary key, a integer, t timestamp without time zone, s varchar(20) default 'pending'
);
create table checked (like bare including all);
create table by_row (like bare including all);
create table by_when (like bare including all);
create table by_statement (like bare including all);
create table by_table (like bare including all);
create table by_reading (like bare including all);

-- As many and as long as the eight that a send meets.
alter table checked
add check (s = any('{pending,delivered,failed}')),
add check (s ~ '^[a-z][a-z]{6,14}$'),
add check (octet_length(s) between 1 and 20),
add check (t = date_trunc('hour', t)),
add check (t = date_trunc('hour', t)),
add check (t = date_trunc('hour', t)),
add check (t = date_trunc('hour', t)),
add check (t = date_trunc('hour', t));

create function nothing() returns trigger language plpgsql set search_path from current as $$
begin
  return new;
end
$$;
create function reads() returns trigger language plpgsql set search_path from current as $$
begin
  if exists (select from written where a is null) then
    raise exception 'null';
  end if;
  return null;
end
$$;
create trigger guard before insert on by_row for each row execute function nothing();
create trigger guard before insert on by_when for each row when (new.a is null) execute function nothing();
create trigger guard before insert on by_statement for each statement execute function nothing();
create trigger guard after insert on by_table referencing new table as written
for each statement execute function nothing();
create trigger guard after insert on by_reading referencing new table as written
for each statement execute function reads();

create function call_plain() returns boolean language plpgsql as $$
begin
  return true;
end
$$;
create function call_definer() returns boolean language plpgsql security definer as $$
begin
  return true;
end
$$;
create function call_set() returns boolean language plpgsql security definer
set search_path from current
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
begin
  return true;
end
$$;
