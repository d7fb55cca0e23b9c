-- A table may be ordered by an index.
alter table message_deliveries cluster on idx_deliveries_message;
