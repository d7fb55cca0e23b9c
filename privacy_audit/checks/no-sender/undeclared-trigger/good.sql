-- A declared trigger, made anew.
drop trigger message_deliveries_destination_only on message_deliveries;
create trigger message_deliveries_destination_only
after insert on message_deliveries
referencing new table as new_deliveries
for each statement execute function deliver_to_destination_only();
