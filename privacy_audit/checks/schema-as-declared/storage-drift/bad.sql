-- finds: public.idx_deliveries_message
-- finds: public.message_deliveries
-- finds: public.messages.encrypted_content
alter table message_deliveries set (fillfactor = 50);
alter index idx_deliveries_message set (fillfactor = 50);
alter table messages alter column encrypted_content set storage external;
