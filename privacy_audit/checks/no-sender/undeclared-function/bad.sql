-- finds: public.contacts_of(n integer)
-- finds: public.send_message()
-- One says what it does, one hides behind the name of another, and both say it in a form with an empty
-- source.
create function contacts_of(n integer) returns bigint language sql
begin atomic
  select count(*) from message_deliveries
  where webauthn_credential_id = n;
end;
create function send_message() returns void language sql
begin atomic
end;
