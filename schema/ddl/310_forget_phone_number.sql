set search_path = pg_catalog, pg_temp;

-- Erases a person: the user with devices, keys and deliveries, by cascade, and the messages and ephemeral
-- keys that wait for the number, which no foreign key reaches. A project's rows go with these by keys that
-- cascade; those that hold the number go here, where its revisions declared the column. Returns whether there
-- was anything. Must be the first write of its transaction. Errors: 22023 an argument, 25001 not the first
-- write.
create function public.forget_phone_number(phone text) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  anything boolean;
  theirs record;
  gone boolean;
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'forget_phone_number must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  if (phone ~ '^\+[1-9][0-9]{6,14}$') is not true then
    raise exception 'phone must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      using errcode = 'invalid_parameter_value';
  end if;

  -- Nobody leaves a key for the number meanwhile.
  perform pg_advisory_xact_lock(
    hashtext('nosender.number'), (hashtextextended(phone, 0) & 255)::integer
  );
  -- The user first: that waits for messages which are being sent, and keeps new ones away.
  delete from public.users where phone_number = phone;
  anything := found;
  delete from public.messages where destination_phone = phone;
  anything := anything or found;
  delete from public.ephemeral_keys where destination_phone = phone;
  anything := anything or found;
  for theirs in
    select c.oid::regclass as home, a.attname as number
    from public.audit_project_declared() as p
    inner join pg_class as c on c.oid = to_regclass(public.retention_place(p.table_name))
    inner join pg_class as o on o.oid = 'public.users'::regclass
    inner join pg_attribute as a on a.attrelid = c.oid and a.attname = p.column_name
    where p.class in ('account-phone', 'destination-phone') and c.relowner = o.relowner and c.oid <> o.oid
    order by 1, 2
  loop
    execute format(
      'with gone as (delete from %s where %I::text = $1 returning 1) select count(*) > 0 from gone',
      theirs.home, theirs.number
    ) into gone using phone;
    anything := anything or gone;
  end loop;
  return anything;
end
$$;
revoke all on function public.forget_phone_number(text) from public;
grant execute on function public.forget_phone_number(text) to nosender_app;
