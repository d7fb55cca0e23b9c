drop trigger messages_guard on messages;
create trigger messages_guard
before insert or update on messages
for each row execute function messages_guard();
