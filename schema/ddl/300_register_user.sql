set search_path = pg_catalog, pg_temp;

-- Registers a phone number and returns the user's id.  A number changes hands. What waits for its former
-- owner (messages and ephemeral keys, which no foreign key reaches) must not wait for the next: while there
-- is any, or while the number is registered, this refuses. With forget_former everything of the number goes
-- first, as forget_phone_number does it.  Like every writing function of the message flow it must be the
-- first write of its transaction: rows that one transaction writes share their xmin, so a message sent
-- together with anything of the sender's would name him. Errors: 22023 an argument, 25001 not the first
-- write, 23505 registered already, 55006 rows of a former owner.
create function public.register_user(phone text, forget_former boolean default false) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  refusal text;
  registered integer;
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'register_user must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  refusal := case
    when (phone ~ '^\+[1-9][0-9]{6,14}$') is not true
      then 'phone must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
    when (forget_former is not null) is not true
      then 'forget_former must not be null'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;

  if forget_former then
    perform pg_advisory_xact_lock(
      hashtext('nosender.number'), (hashtextextended(phone, 0) & 255)::integer
    );
    delete from public.users where phone_number = phone;
    delete from public.messages where destination_phone = phone;
    delete from public.ephemeral_keys where destination_phone = phone;
  end if;
  insert into public.users (phone_number) values (phone)
  on conflict (phone_number) do nothing
  returning id into registered;
  if registered is null then
    raise exception 'the phone number is registered already' using errcode = 'unique_violation';
  end if;
  if
    exists (select 1 from public.messages where destination_phone = phone)
    or exists (select 1 from public.ephemeral_keys where destination_phone = phone)
  then
    raise exception 'messages or keys of a former owner of the phone number remain'
      using errcode = 'object_in_use', hint = 'Register it with forget_former, which deletes them.';
  end if;
  return registered;
end
$$;
revoke all on function public.register_user(text, boolean) from public;
grant execute on function public.register_user(text, boolean) to nosender_app;
