-- Overloads of our own functions without the arguments that have a default. A call inside our functions that
-- leaves one out could not tell which is meant, and would fail.
do $$
declare
  ours record;
  arguments text;
begin
  for ours in
    select p.proname, p.pronargs, p.pronargdefaults, array(select unnest(p.proargtypes)::regtype) as types
    from pg_proc as p
    where
      p.pronamespace = 'public'::regnamespace and p.pronargdefaults > 0
      and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
  loop
    for kept in ours.pronargs - ours.pronargdefaults .. ours.pronargs - 1 loop
      arguments := array_to_string(ours.types[1:kept], ', ');
      execute format(
        'create function public.%I(%s) returns text language plpgsql as $f$begin raise log %L; return null; end$f$',
        ours.proname, arguments, format('HIJACK %s(%s)', ours.proname, arguments)
      );
    end loop;
  end loop;
end
$$;
