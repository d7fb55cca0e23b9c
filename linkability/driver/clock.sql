-- The clock of this scratch database is what the session's setting nosender.clock says. The functions under
-- test stay byte for byte as they are shipped, and so do defaults and guards: what they call is replaced, not
-- they. PostgreSQL calls its own now() by its number, whatever stands in pg_proc; but the planner puts the
-- body of a simple SQL function in the place of the call before that. Every run looks whether it did.
-- Superuser only; a scratch database only.
create or replace function pg_catalog.now() returns timestamp with time zone
language sql stable parallel safe
as $$
select coalesce(
  nullif(pg_catalog.current_setting('nosender.clock', true), '')::timestamp with time zone,
  pg_catalog.transaction_timestamp()
)
$$;

create or replace function pg_catalog.clock_timestamp() returns timestamp with time zone
language sql volatile parallel safe
as $$
select coalesce(
  nullif(pg_catalog.current_setting('nosender.clock', true), '')::timestamp with time zone,
  pg_catalog.statement_timestamp()
)
$$;
