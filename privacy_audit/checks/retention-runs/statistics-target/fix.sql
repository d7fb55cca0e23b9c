alter table messages alter column destination_phone set statistics 0;
alter table messages alter column encrypted_content set statistics 0;
