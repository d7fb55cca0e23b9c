set search_path = pg_catalog, pg_temp;

create function public.message_deliveries_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when num_nulls(new.id, new.message_id, new.webauthn_credential_id, new.delivery_status) > 0 then
      array[
        'not_null_violation', '', '',
        'message_deliveries may have no null in id, message_id, webauthn_credential_id, delivery_status'
      ]
    when new.message_id <> old.message_id then
      array[
        'object_not_in_prerequisite_state', 'message_id', '',
        'message_deliveries.message_id cannot be changed: a delivery is of one message'
      ]
    when new.webauthn_credential_id <> old.webauthn_credential_id then
      array[
        'object_not_in_prerequisite_state', 'webauthn_credential_id', '',
        'message_deliveries.webauthn_credential_id cannot be changed: a delivery is to one device'
      ]
    when new.delivery_status not in ('pending', 'delivered', 'failed') then
      array[
        'check_violation', 'delivery_status', 'message_deliveries_delivery_status_known',
        'message_deliveries.delivery_status must be pending, delivered or failed'
      ]
    when not isfinite(new.delivered_at) then
      array[
        'check_violation', 'delivered_at', 'message_deliveries_delivered_at_coarse',
        'message_deliveries.delivered_at must be a moment, not infinity'
      ]
    when not isfinite(new.read_at) then
      array[
        'check_violation', 'read_at', 'message_deliveries_read_at_coarse',
        'message_deliveries.read_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if
    new.delivered_at <> date_trunc('hour', new.delivered_at)
    or new.read_at <> date_trunc('hour', new.read_at)
  then
    new.delivered_at := date_trunc('hour', new.delivered_at);
    new.read_at := date_trunc('hour', new.read_at);
  end if;
  return new;
end
$$;
revoke all on function public.message_deliveries_guard() from public;

-- A delivery that waits, as nearly every one does when it is stored, has nothing to refuse or to round: of a
-- batch of hundreds of rows none calls the function.
create trigger message_deliveries_guard
before insert on public.message_deliveries
for each row
when (
  num_nulls(new.id, new.message_id, new.webauthn_credential_id) > 0
  or (new.delivery_status = 'pending' and new.delivered_at is null and new.read_at is null) is not true
)
execute function public.message_deliveries_guard();

create trigger message_deliveries_guard_update
before update on public.message_deliveries
for each row execute function public.message_deliveries_guard();
