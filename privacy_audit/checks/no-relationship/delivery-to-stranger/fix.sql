delete from message_deliveries as d
using messages as m, webauthn_credentials as w, users as u
where
  d.message_id = m.id
  and d.webauthn_credential_id = w.id
  and w.user_id = u.id
  and u.phone_number <> m.destination_phone;
