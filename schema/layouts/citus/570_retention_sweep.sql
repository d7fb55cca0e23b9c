set search_path = pg_catalog, pg_temp;

-- A procedure has one session, and rows stand on several nodes: the program has one for each.
create or replace procedure public.retention_sweep(
  most integer default 5000,
  target_ms numeric default 1,
  duty numeric default 0.5,
  rate integer default null,
  patience_ms integer default 2000,
  tables text[] default null,
  canary boolean default false
)
language plpgsql
as $$
begin
  raise exception 'rows stand on several nodes, and this reaches one: run nosender retention sweep with --every-node'
    using errcode = 'feature_not_supported';
end
$$;

revoke all on procedure public.retention_sweep from public;
grant execute on procedure public.retention_sweep to nosender_sweeper;
