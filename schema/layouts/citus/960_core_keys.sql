set search_path = pg_catalog, pg_temp;

-- The keys, triggers and plans of the core again; the files of the DDL hold its functions.
alter table public.messages add constraint messages_pkey primary key (id);
create unique index idx_messages_message_id on public.messages (message_id);
alter table public.webauthn_credentials add constraint webauthn_credentials_user_id_fkey
foreign key (user_id) references public.users (id) on delete cascade;
alter table public.device_session_keys add constraint device_session_keys_webauthn_credential_id_fkey
foreign key (webauthn_credential_id) references public.webauthn_credentials (id) on delete cascade;
alter table public.message_deliveries
add constraint message_deliveries_pkey primary key (id),
add constraint message_deliveries_message_device_key unique (message_id, webauthn_credential_id),
add constraint message_deliveries_message_id_fkey
foreign key (message_id) references public.messages (id) on delete cascade,
add constraint message_deliveries_webauthn_credential_id_fkey
foreign key (webauthn_credential_id) references public.webauthn_credentials (id) on delete cascade;
create index idx_deliveries_status
on public.message_deliveries (webauthn_credential_id, message_id) where delivery_status = 'pending';

create trigger users_utc before insert or update on public.users
for each statement execute function public.refuse_time_zone();
create trigger webauthn_credentials_utc before insert or update on public.webauthn_credentials
for each statement execute function public.refuse_time_zone();
create trigger messages_utc before insert or update on public.messages
for each statement execute function public.refuse_time_zone();
create trigger message_deliveries_utc before insert or update on public.message_deliveries
for each statement execute function public.refuse_time_zone();

alter function public.active_devices(owner_id integer) set plan_cache_mode to force_generic_plan;
alter function public.active_public_key(phone text) set plan_cache_mode to force_generic_plan;
alter function public.claim_ephemeral_key(destination text, exchange text)
set plan_cache_mode to force_generic_plan;
alter function public.find_device(credential bytea) set plan_cache_mode to force_generic_plan;
alter function public.forget_phone_number(phone text) set plan_cache_mode to force_generic_plan;
alter function public.held_about_phone_number(phone text) set plan_cache_mode to force_generic_plan;
alter function public.publish_ephemeral_key(
  destination text, public_key bytea, exchange text, expires_in interval
) set plan_cache_mode to force_generic_plan;
alter function public.record_sign_count(device_id integer, counter bigint)
set plan_cache_mode to force_generic_plan;
alter function public.register_user(phone text, forget_former boolean)
set plan_cache_mode to force_generic_plan;
alter function public.session_keys(device_id integer) set plan_cache_mode to force_generic_plan;
