set search_path = pg_catalog, pg_temp;

-- What an operator decides about how long things stay, as values and nothing else: what the other
-- functions do follows from them. `delivered` is keep, as the document has it, or delete: an
-- acknowledgement deletes the delivery, and the last one the message. `prekeys` is how long an ephemeral
-- key may wait to be claimed.
create function public.retention_knobs()
returns table (delivered text, prekeys interval)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  values ('keep', interval '30 days')
$$;

revoke all on function public.retention_knobs() from public;
grant execute on function public.retention_knobs() to nosender_sweeper, nosender_auditor;
