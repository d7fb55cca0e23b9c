-- Every table has a guard like this one: it refuses what a CHECK would refuse, first and without a value, for
-- a CHECK that fails writes the whole row into the server's log; and it makes times coarse, so that an
-- application that sends exact ones keeps working. What has passed the guard satisfies the CHECKs, which
-- prove it of every row.
create function users_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if num_nulls(new.id, new.phone_number, new.created_at) > 0 then
    raise exception 'none of these may be null in users: id, phone_number, created_at'
      using errcode = 'not_null_violation', table = tg_table_name;
  end if;
  if tg_op = 'UPDATE' then
    if new.id is distinct from old.id then
      raise exception 'users.id cannot be changed: rows elsewhere would change hands with it'
        using errcode = 'object_not_in_prerequisite_state', table = tg_table_name, column = 'id';
    end if;
    if new.phone_number is distinct from old.phone_number then
      raise exception
        'users.phone_number cannot be changed: rows elsewhere would change hands with it; forget it and '
        'register the new one'
        using errcode = 'object_not_in_prerequisite_state', table = tg_table_name, column = 'phone_number';
    end if;
  end if;
  if new.phone_number !~ '^\+[1-9][0-9]{6,14}$' then
    raise exception
      'users.phone_number must be an E.164 number: a plus sign and 7 to 15 digits, the first of them '
      'not 0'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'phone_number',
        constraint = 'users_phone_number_e164';
  end if;
  if not isfinite(new.created_at) then
    raise exception 'users.created_at must be a moment, not infinity'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'created_at',
        constraint = 'users_created_at_coarse';
  end if;
  new.created_at := date_trunc('hour', new.created_at);
  return new;
end
$$;
revoke all on function users_guard() from public;

create trigger users_guard
before insert or update on users
for each row execute function users_guard();
