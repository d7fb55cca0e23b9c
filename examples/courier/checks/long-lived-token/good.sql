alter table push_tokens add column woken_at timestamp without time zone;
