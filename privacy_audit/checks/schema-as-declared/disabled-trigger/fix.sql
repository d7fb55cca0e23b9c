alter table messages enable trigger messages_guard;
alter table message_deliveries enable trigger message_deliveries_destination_only;
