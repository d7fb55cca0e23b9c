set search_path = pg_catalog, pg_temp;

-- Who can be reached, by phone number. Times here and everywhere are UTC and coarse.
create table public.users (
  id serial primary key,
  phone_number varchar(20) not null,
  created_at timestamp without time zone not null default date_trunc('hour', now() at time zone 'utc'),
  constraint users_phone_number_key unique (phone_number),
  constraint users_phone_number_e164 check (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
  constraint users_created_at_coarse check (created_at = date_trunc('hour', created_at))
);

-- ANALYZE copies values into pg_statistic, where they outlive the row: none of a number, identifier or key.
alter table public.users alter column phone_number set statistics 0;
