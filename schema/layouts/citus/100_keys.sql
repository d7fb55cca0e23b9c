set search_path = pg_catalog, pg_temp;

-- From the core to the keys of this layout, on any PostgreSQL: the destination in each key of a message and
-- of its deliveries, and the number in each device, so that keys say what two triggers said. Rows are kept.

-- Citus reads no rows of a statement beside those of a table, and a session's time zone reaches no node.
drop trigger users_utc on public.users;
drop trigger webauthn_credentials_utc on public.webauthn_credentials;
drop trigger messages_utc on public.messages;
drop trigger message_deliveries_utc on public.message_deliveries;
drop trigger message_deliveries_destination_only on public.message_deliveries;
drop function public.deliver_to_destination_only();
drop trigger device_session_keys_own_device on public.device_session_keys;
drop function public.session_key_on_own_device();

alter table public.users add constraint users_id_phone_number_key unique (id, phone_number);

alter table public.webauthn_credentials add column phone_number varchar(20);
alter table public.webauthn_credentials alter column phone_number set statistics 0;
update public.webauthn_credentials as d set phone_number = u.phone_number
from public.users as u
where u.id = d.user_id;
alter table public.webauthn_credentials
alter column phone_number set not null,
drop constraint webauthn_credentials_user_id_fkey,
add constraint webauthn_credentials_user_id_fkey
foreign key (user_id, phone_number) references public.users (id, phone_number) on delete cascade,
add constraint webauthn_credentials_id_phone_number_key unique (id, phone_number),
add constraint webauthn_credentials_id_user_id_key unique (id, user_id),
-- Revoking is an update of a key by this, and waits for whoever stores a delivery to the device.
add constraint webauthn_credentials_id_is_active_key unique (id, is_active);

alter table public.device_session_keys
drop constraint device_session_keys_webauthn_credential_id_fkey,
add constraint device_session_keys_webauthn_credential_id_fkey
foreign key (webauthn_credential_id, user_id) references public.webauthn_credentials (id, user_id)
on delete cascade;

-- What goes anyway goes first: each row is written anew, and into each index.
alter table public.message_deliveries
drop constraint message_deliveries_message_id_fkey,
drop constraint message_deliveries_webauthn_credential_id_fkey,
drop constraint message_deliveries_message_device_key,
drop constraint message_deliveries_pkey;
drop index public.idx_deliveries_status;
alter table public.message_deliveries add column destination_phone varchar(20);
alter table public.message_deliveries alter column destination_phone set statistics 0;
update public.message_deliveries as d set destination_phone = m.destination_phone
from public.messages as m
where m.id = d.message_id;
alter table public.message_deliveries
alter column destination_phone set not null,
add constraint message_deliveries_pkey primary key (destination_phone, id),
add constraint message_deliveries_message_device_key
unique (destination_phone, message_id, webauthn_credential_id);

drop index public.idx_messages_message_id;
alter table public.messages
drop constraint messages_pkey,
add constraint messages_pkey primary key (destination_phone, id);
create unique index idx_messages_message_id on public.messages (destination_phone, message_id);

alter table public.message_deliveries
add constraint message_deliveries_message_id_fkey
foreign key (destination_phone, message_id) references public.messages (destination_phone, id)
on delete cascade,
add constraint message_deliveries_webauthn_credential_id_fkey
foreign key (webauthn_credential_id, destination_phone)
references public.webauthn_credentials (id, phone_number) on delete cascade;

create index idx_deliveries_status on public.message_deliveries (
  destination_phone, webauthn_credential_id, message_id
) where delivery_status = 'pending';

comment on column public.webauthn_credentials.phone_number is
'The number of the device''s owner, by which a key tells whose deliveries it may have.';
comment on column public.message_deliveries.destination_phone is
'Where the message goes, which says on which node the delivery stands.';
