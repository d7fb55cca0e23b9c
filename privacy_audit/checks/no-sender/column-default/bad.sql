-- finds: public.messages.message_type
-- finds: public.message_deliveries.delivery_status
-- The name of the login role, and the address of the client.
alter table messages alter column message_type set default current_user;
alter table message_deliveries alter column delivery_status set default host(inet_client_addr());
