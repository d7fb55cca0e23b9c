set search_path = pg_catalog, pg_temp;

-- Every table has a guard like this one. It refuses what a CHECK would refuse, first and without a value, for
-- a CHECK that fails writes the whole row into the server's log; it holds fast what ties rows together; and
-- it makes times coarse, so that an application that sends exact ones keeps working. The CHECKs then prove it
-- of every row. One expression finds what is wrong: plpgsql prepares each one anew in every transaction, so
-- several would cost more than all that they test.
create function public.users_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when num_nulls(new.id, new.phone_number, new.created_at) > 0 then
      array['not_null_violation', '', '', 'users may have no null in id, phone_number, created_at']
    when new.id <> old.id then
      array[
        'object_not_in_prerequisite_state', 'id', '',
        'users.id cannot be changed: rows elsewhere would change hands'
      ]
    when new.phone_number <> old.phone_number then
      array[
        'object_not_in_prerequisite_state', 'phone_number', '',
        'users.phone_number cannot be changed: rows elsewhere would change hands; forget the number and '
        'register the new one'
      ]
    when new.phone_number !~ '^\+[1-9][0-9]{6,14}$' then
      array[
        'check_violation', 'phone_number', 'users_phone_number_e164',
        'users.phone_number must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'users_created_at_coarse',
        'users.created_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if new.created_at <> date_trunc('hour', new.created_at) then
    new.created_at := date_trunc('hour', new.created_at);
  end if;
  return new;
end
$$;
revoke all on function public.users_guard() from public;

create trigger users_guard
before insert or update on public.users
for each row execute function public.users_guard();
