create function message_deliveries_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if num_nulls(new.id, new.message_id, new.webauthn_credential_id, new.delivery_status) > 0 then
    raise exception
      'none of these may be null in message_deliveries: id, message_id, webauthn_credential_id, '
      'delivery_status'
      using errcode = 'not_null_violation', table = tg_table_name;
  end if;
  if tg_op = 'UPDATE' then
    if new.message_id is distinct from old.message_id then
      raise exception 'message_deliveries.message_id cannot be changed: a delivery is of one message'
        using errcode = 'object_not_in_prerequisite_state', table = tg_table_name, column = 'message_id';
    end if;
    if new.webauthn_credential_id is distinct from old.webauthn_credential_id then
      raise exception
        'message_deliveries.webauthn_credential_id cannot be changed: a delivery is to one device'
        using errcode = 'object_not_in_prerequisite_state',
          table = tg_table_name,
          column = 'webauthn_credential_id';
    end if;
  end if;
  if new.delivery_status not in ('pending', 'delivered', 'failed') then
    raise exception 'message_deliveries.delivery_status must be one of pending, delivered and failed'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'delivery_status',
        constraint = 'message_deliveries_delivery_status_known';
  end if;
  if not isfinite(new.delivered_at) then
    raise exception 'message_deliveries.delivered_at must be a moment, not infinity'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'delivered_at',
        constraint = 'message_deliveries_delivered_at_coarse';
  end if;
  if not isfinite(new.read_at) then
    raise exception 'message_deliveries.read_at must be a moment, not infinity'
      using errcode = 'check_violation',
        table = tg_table_name,
        column = 'read_at',
        constraint = 'message_deliveries_read_at_coarse';
  end if;
  new.delivered_at := date_trunc('hour', new.delivered_at);
  new.read_at := date_trunc('hour', new.read_at);
  return new;
end
$$;
revoke all on function message_deliveries_guard() from public;

create trigger message_deliveries_guard
before insert or update on message_deliveries
for each row execute function message_deliveries_guard();
