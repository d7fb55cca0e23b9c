-- The same tables as a good application would have them without us: no trigger, no CHECK, no exclusion.
do $$
declare
  item record;
begin
  for item in
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as statement
    from pg_constraint where contype in ('c', 'x') and connamespace = 'public'::regnamespace
    union all
    select format('drop trigger %I on %s', tgname, tgrelid::regclass) from pg_trigger where not tgisinternal
  loop
    execute item.statement;
  end loop;
end
$$;
