-- A function that reaches a node for the first time may be called there by everybody, whatever is said of it
-- here: so what was taken from everybody is taken once more, and Citus tells every node.
do $$
begin
  execute (
    select coalesce(pg_catalog.string_agg(
      pg_catalog.format(
        'revoke all on %s %s from public', case p.prokind when 'p' then 'procedure' else 'function' end,
        p.oid::pg_catalog.regprocedure
      ), '; ' order by p.proname
    ), 'select')
    from pg_catalog.pg_proc as p
    where
      p.pronamespace = 'public'::pg_catalog.regnamespace and p.prokind in ('f', 'p')
      and not exists (
        select from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) as a
        where a.grantee = 0
      )
  ); end
$$;
