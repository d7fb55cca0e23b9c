-- A copy of every function and operator of pg_catalog that logs its name and does what the original does,
-- in a schema of its own. Whoever puts that schema first in the stored path is asked for every name that is
-- looked up there.
create schema planted;
grant usage on schema planted to public;
set check_function_bodies = off;
do $$
declare
  original record;
begin
  for original in
    select
      p.proname, p.proretset, p.oid::regprocedure::text as signature,
      pg_get_function_identity_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result,
      array_to_string(array(select '$' || n from generate_series(1, p.pronargs) as n), ', ') as passed
    from pg_proc as p
    where
      p.pronamespace = 'pg_catalog'::regnamespace and p.prokind = 'f' and p.provariadic = 0
      and p.proargmodes is null and p.proname !~ '^(RI_|plpgsql)'
      and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
  loop
    begin
      execute format(
        'create function planted.%I(%s) returns %s language plpgsql as $f$begin
           raise log %L; return %s pg_catalog.%I(%s); end$f$',
        original.proname, original.arguments, original.result, 'HIJACK ' || replace(original.signature, '%', '%%'),
        case when original.proretset then 'query select * from' else '' end, original.proname, original.passed
      );
    exception when others then  -- a type that no function of ours may have
      null;
    end;
  end loop;
  for original in
    select o.oprname, o.oprleft::regtype as l, o.oprright::regtype as r, o.oprresult::regtype as result, o.oid
    from pg_operator as o
    where o.oprnamespace = 'pg_catalog'::regnamespace and o.oprleft <> 0 and o.oprresult <> 0
  loop
    begin
      execute format(
        'create function planted.operator_%s(%s, %s) returns %s language plpgsql as $f$begin
           raise log %L; return $1 operator(pg_catalog.%s) $2; end$f$',
        original.oid, original.l, original.r, original.result,
        format('HIJACK %s(%s,%s)', replace(original.oprname, '%', '%%'), original.l, original.r), original.oprname
      );
      execute format(
        'create operator planted.%s (leftarg = %s, rightarg = %s, function = planted.operator_%s)',
        original.oprname, original.l, original.r, original.oid
      );
    exception when others then
      null;
    end;
  end loop;
end
$$;
