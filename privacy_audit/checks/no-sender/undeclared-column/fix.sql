alter table messages drop column sender_phone;
alter table message_deliveries drop column via;
