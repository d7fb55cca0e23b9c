set local search_path = pg_catalog, pg_temp;

drop function public.audit_lifetimes();
