-- finds: public.tell()
create function tell() returns trigger language plpgsql as $$
begin
  perform pg_notify(new.destination_phone, session_user);
  return new;
end
$$;
