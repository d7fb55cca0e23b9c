-- finds: public.message_deliveries.once_a_pair
-- finds: public.users.no_competitors
alter table message_deliveries
add constraint once_a_pair unique (webauthn_credential_id, message_id);
alter table users add constraint no_competitors check (phone_number not like '+49151%');
