-- One row when any delivery is to a device whose owner is not the message's destination. Reads every
-- delivery.
select pg_catalog.current_schema() || '.message_deliveries' as subject
where
  exists (
    select 1
    from message_deliveries as d
    inner join messages as m on d.message_id = m.id
    inner join webauthn_credentials as w on d.webauthn_credential_id = w.id
    inner join users as u on w.user_id = u.id
    where u.phone_number <> m.destination_phone
  )
