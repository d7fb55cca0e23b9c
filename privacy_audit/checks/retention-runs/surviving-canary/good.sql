-- One that is not due yet.
insert into ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)
values ('+999999999999999', sha256('1'::bytea), 'canary-1', (now() at time zone 'utc') + interval '1 minute');
