-- The columns hold UTC without saying so: `now() + '5 min'` from a session in Tokyo would live nine hours,
-- from New York it would be born expired. Triggers without a WHEN, which PostgreSQL would read anew for each
-- statement: the call costs less.
create function refuse_time_zone() returns trigger
language plpgsql
set search_path from current
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
revoke all on function refuse_time_zone() from public;

create trigger users_utc
before insert or update on users
for each statement execute function refuse_time_zone();

create trigger webauthn_credentials_utc
before insert or update on webauthn_credentials
for each statement execute function refuse_time_zone();

create trigger messages_utc
before insert or update on messages
for each statement execute function refuse_time_zone();

create trigger device_session_keys_utc
before insert or update on device_session_keys
for each statement execute function refuse_time_zone();

create trigger message_deliveries_utc
before insert or update on message_deliveries
for each statement execute function refuse_time_zone();

create trigger ephemeral_keys_utc
before insert or update on ephemeral_keys
for each statement execute function refuse_time_zone();

create trigger messaging_public_keys_utc
before insert or update on messaging_public_keys
for each statement execute function refuse_time_zone();
