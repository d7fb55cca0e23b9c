set search_path = pg_catalog, pg_temp;

-- The columns hold UTC without saying so: `now() + '5 min'` from a session in Tokyo would live nine hours,
-- from New York it would be born expired. Triggers without a WHEN, which PostgreSQL would read anew for each
-- statement: the call costs less.
create function public.refuse_time_zone() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('TimeZone') = 'UTC' then
    return null;
  end if;
  if current_setting('TimeZone') ~* '^(etc/)?(utc|uct|zulu|universal|gmt)$' then  -- its other names
    return null;
  end if;
  raise exception 'a write to % needs a session whose TimeZone is UTC, and this one has %',
    tg_table_name, current_setting('TimeZone')
    using errcode = 'object_not_in_prerequisite_state',
    table = tg_table_name,
    hint = 'Run: set time zone ''UTC''; or call the functions, which set it themselves.';
end
$$;
revoke all on function public.refuse_time_zone() from public;

create trigger users_utc
before insert or update on public.users
for each statement execute function public.refuse_time_zone();

create trigger webauthn_credentials_utc
before insert or update on public.webauthn_credentials
for each statement execute function public.refuse_time_zone();

create trigger messages_utc
before insert or update on public.messages
for each statement execute function public.refuse_time_zone();

create trigger device_session_keys_utc
before insert or update on public.device_session_keys
for each statement execute function public.refuse_time_zone();

create trigger message_deliveries_utc
before insert or update on public.message_deliveries
for each statement execute function public.refuse_time_zone();

create trigger ephemeral_keys_utc
before insert or update on public.ephemeral_keys
for each statement execute function public.refuse_time_zone();

create trigger messaging_public_keys_utc
before insert or update on public.messaging_public_keys
for each statement execute function public.refuse_time_zone();
