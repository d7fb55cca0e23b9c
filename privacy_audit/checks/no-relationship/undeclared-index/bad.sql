-- finds: public.idx_reading_habits
create index idx_reading_habits on message_deliveries (webauthn_credential_id, read_at);
