-- The index definitions that the wording of the document suggests.
drop index idx_deliveries_status, idx_messages_expires_at;
create index idx_deliveries_status on message_deliveries (delivery_status) where delivery_status = 'pending';
create index idx_messages_expires_at on messages (expires_at);
alter table message_deliveries reset (fillfactor);
