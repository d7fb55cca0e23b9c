alter table messages alter column message_type set default 'text';
alter table message_deliveries alter column delivery_status set default 'pending';
drop domain whoever;
drop function writer();
