-- finds: public.messages.messages_audit
create function note_writer() returns trigger language plpgsql as $$
begin
  perform pg_notify('writes', session_user);
  return new;
end
$$;
create trigger messages_audit before insert on messages
for each row execute function note_writer();
