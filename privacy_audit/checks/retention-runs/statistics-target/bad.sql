-- finds: public.messages.destination_phone
-- finds: public.messages.encrypted_content
alter table messages alter column destination_phone set statistics 10;
alter table messages alter column encrypted_content set statistics 100;
