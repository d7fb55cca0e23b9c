-- finds: public.messages.messages_guard
drop trigger messages_guard on messages;
create trigger messages_guard
before insert or update on messages
for each row when (pg_trigger_depth() > 5) execute function messages_guard();
