-- finds: public.messages.sender_phone
-- finds: public.message_deliveries.via
-- The obvious one, and one that says nothing by its name.
alter table messages add column sender_phone varchar(20);
alter table message_deliveries add column via integer;
