set search_path = pg_catalog, pg_temp;

-- Which devices of the destination have a message. Never a device of anybody else: see
-- 280_deliver_to_destination_only.sql.
create table public.message_deliveries (
  id bigserial primary key,
  message_id bigint not null,
  webauthn_credential_id integer not null,
  delivered_at timestamp without time zone,
  read_at timestamp without time zone,
  delivery_status varchar(20) not null default 'pending',
  constraint message_deliveries_message_id_fkey
  foreign key (message_id) references public.messages (id) on delete cascade,
  constraint message_deliveries_webauthn_credential_id_fkey
  foreign key (webauthn_credential_id) references public.webauthn_credentials (id) on delete cascade,
  constraint message_deliveries_message_device_key unique (message_id, webauthn_credential_id),
  -- An array and not a list: PostgreSQL reads the text of every CHECK anew for each statement that writes.
  constraint message_deliveries_delivery_status_known
  check (delivery_status = any('{pending,delivered,failed}')),
  constraint message_deliveries_delivered_at_coarse check (delivered_at = date_trunc('hour', delivered_at)),
  constraint message_deliveries_read_at_coarse check (read_at = date_trunc('hour', read_at))
);

create index idx_deliveries_message on public.message_deliveries (message_id);
create index idx_deliveries_device on public.message_deliveries (webauthn_credential_id);
-- A device's pending messages in order. An index of the status itself costs each fetch the backlog of
-- everybody.
create index idx_deliveries_status
on public.message_deliveries (webauthn_credential_id, message_id) where delivery_status = 'pending';
