-- One row when any session key is stored for a device of another user. Reads every key.
select pg_catalog.current_schema() || '.device_session_keys' as subject
where
  exists (
    select 1
    from device_session_keys as k
    inner join webauthn_credentials as w on k.webauthn_credential_id = w.id
    where k.user_id <> w.user_id
  )
