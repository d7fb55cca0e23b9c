set search_path = pg_catalog, pg_temp;

-- What an operator decides about how long things stay, as values and nothing else: what the other functions
-- do follows from them. A revision made it once; `nosender db upgrade` alone changes the values, by
-- nosender.toml, and whoever compares functions knows a body of this form for the declared one.  delivered:
-- keep, as the document has it, or delete: an acknowledgement deletes the delivery, and the last one the
-- message. history: the age at which a message delivered everywhere goes; messages, session_keys: the age at
-- which any goes whose expiry does not lie ahead; null: never. prekeys: how long an ephemeral key may wait to
-- be claimed. settle: how long rows may keep the order in which they were written.
create function public.retention_knobs()
returns table (
  delivered text,
  history interval,
  messages interval,
  session_keys interval,
  prekeys interval,
  settle interval
)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  values ('keep', null::interval, null::interval, null::interval, interval '30 days', interval '1 hour')
$$;

revoke all on function public.retention_knobs() from public;
grant execute on function public.retention_knobs() to nosender_sweeper, nosender_auditor;
