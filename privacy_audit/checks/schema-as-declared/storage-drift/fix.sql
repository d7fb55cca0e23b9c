alter table message_deliveries reset (fillfactor);
alter index idx_deliveries_message reset (fillfactor);
alter table messages alter column encrypted_content set storage extended;
