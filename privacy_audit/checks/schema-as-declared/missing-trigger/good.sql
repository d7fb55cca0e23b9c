-- One that always fires fires.
alter table message_deliveries enable always trigger message_deliveries_destination_only;
