-- Only the CHECKs go: what they cost.
do $$
declare
  item record;
begin
  for item in
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as statement
    from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace
  loop
    execute item.statement;
  end loop;
end
$$;
