-- An allowed key under another name is the same key.
alter table message_deliveries
rename constraint message_deliveries_message_id_fkey to deliveries_of_messages;
