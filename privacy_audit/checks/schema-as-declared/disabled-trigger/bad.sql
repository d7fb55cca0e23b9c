-- finds: public.message_deliveries.message_deliveries_destination_only
-- finds: public.messages.messages_guard
alter table messages disable trigger messages_guard;
alter table message_deliveries enable replica trigger message_deliveries_destination_only;
