set search_path = pg_catalog, pg_temp;

-- When a row is due, as an expression that indexes know: at its expiry, or from the beginning of time where
-- it goes at once.
create function public.retention_due(expires_column text, at_once text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when at_once is null then quote_ident(expires_column)
    else format(
      '(case when %I then ''-infinity''::timestamp without time zone else %I end)', at_once, expires_column
    )
  end
$$;

revoke all on function public.retention_due from public;
