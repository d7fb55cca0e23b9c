-- finds: keep_ddl
create function keep_ddl_of() returns event_trigger language plpgsql as $$
begin
  raise log 'ddl by % from %', session_user, inet_client_addr();
end
$$;
create event trigger keep_ddl on ddl_command_end execute function keep_ddl_of(); -- noqa: PRS
