-- finds: public.message_deliveries.delivery_status
-- finds: public.messages.message_type
-- finds: public.whoever
-- finds: public.writer()
create domain whoever as text default session_user;
create function writer() returns text language sql
begin atomic
  select 'client ' || host(inet_client_addr());
end;
alter table messages alter column message_type set default current_user;
alter table message_deliveries alter column delivery_status set default current_setting('app.number', true);
