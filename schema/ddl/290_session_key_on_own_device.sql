set search_path = pg_catalog, pg_temp;

-- A session key of one user on the device of another links the two. As with deliveries: once a statement,
-- after the foreign keys, and an update cannot move a key (device_session_keys_guard). SECURITY DEFINER: it
-- must see every row, whoever writes.
create function public.session_key_on_own_device() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off
as $$
begin
  if exists (
    select 1
    from new_keys
    where
      webauthn_credential_id is not null
      and (
        user_id = (select user_id from public.webauthn_credentials where id = new_keys.webauthn_credential_id)
      ) is not true
  ) then
    raise exception 'a session key can be stored for devices of its own user only'
      using errcode = 'integrity_constraint_violation',
      table = tg_table_name,
      column = 'webauthn_credential_id';
  end if;
  return null;
end
$$;
revoke all on function public.session_key_on_own_device() from public;

create trigger device_session_keys_own_device
after insert on public.device_session_keys
referencing new table as new_keys
for each statement execute function public.session_key_on_own_device();
