-- PostgreSQL cannot verify a signature: this names the column when any of its values cannot be one, because
-- the upper three bits of an Ed25519 signature are never set. Verify the rows of audit_public_keys() with any
-- library.
select pg_catalog.current_schema() || '.messaging_public_keys.ed25519_signature' as subject
where
  exists (
    select 1
    from messaging_public_keys as k
    where pg_catalog.get_byte(k.ed25519_signature, 63) & 224 <> 0
  )
