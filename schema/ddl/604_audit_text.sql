set search_path = pg_catalog, pg_temp;

-- A template of a probe with its parts in place of their {names}; null where one is missing. The templates
-- stand in the probes, between their own dollar signs, and the audit of somebody who may read the tables
-- fills the same ones: what a login without rights is told and what a superuser sees is one text.
create function public.audit_text(template text, parts jsonb) returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when pg_catalog.bool_and(p.piece[2] is null or parts ? p.piece[2])
      -- in one pass, or what somebody named a column would be a name of a part
      then pg_catalog.string_agg(p.piece[1] || coalesce(parts ->> p.piece[2], ''), '' order by p.place)
  end
  from pg_catalog.regexp_matches(template, '(.*?)(?:\{([a-z_]+)\}|$)', 'g') with ordinality as p (piece, place)
$$;

revoke all on function public.audit_text(text, jsonb) from public;
