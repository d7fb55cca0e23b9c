set search_path = pg_catalog, pg_temp;

-- A delivery to any device but the destination's own would name its owner beside the destination: the
-- relationship that must not be stored.  Once a statement, over all of its rows: less than half the cost of
-- once a row. After the rows and their foreign keys, so that message and device exist and are locked; neither
-- can change hands later. What this transaction's snapshot does not show is refused, never assumed. An update
-- cannot move a delivery (message_deliveries_guard), so only inserts are looked at.  One plan serves a
-- session, whether its first statement writes one row or a million, into tables that are empty or full:
-- subqueries, and no scan, make it look each row up. SECURITY DEFINER: it must see every row, whoever writes.
create function public.deliver_to_destination_only() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off
as $$
begin
  if exists (
    select 1
    from new_deliveries
    group by message_id
    having
      not array_agg(webauthn_credential_id) <@ array(
        select id
        from public.webauthn_credentials
        where
          user_id = (
            select id
            from public.users
            where
              phone_number = (
                select destination_phone from public.messages where id = new_deliveries.message_id
              )
          )
      )
  ) then
    raise exception 'a message can be delivered to devices of its destination only'
      using errcode = 'integrity_constraint_violation',
      table = tg_table_name,
      column = 'webauthn_credential_id';
  end if;
  return null;
end
$$;
revoke all on function public.deliver_to_destination_only() from public;

create trigger message_deliveries_destination_only
after insert on public.message_deliveries
referencing new table as new_deliveries
for each statement execute function public.deliver_to_destination_only();
