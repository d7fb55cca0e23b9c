-- finds: public.delivery_log
-- Somebody wanted to see what goes on.
create table delivery_log (
  at timestamp without time zone not null,
  account text not null,
  message_id bigint not null
);
