alter table messages add column expires_at timestamp without time zone;
