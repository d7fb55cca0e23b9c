-- What this layout added.
alter table public.message_deliveries drop column destination_phone;
alter table public.webauthn_credentials drop column phone_number;
