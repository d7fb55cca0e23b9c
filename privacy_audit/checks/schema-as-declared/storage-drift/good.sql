-- The declared value, set once more.
alter table message_deliveries set (fillfactor = 90);
