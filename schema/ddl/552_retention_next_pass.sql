set search_path = pg_catalog, pg_temp;

-- The pass after `pass` for this table: begin, blocks, keys, last, age, history, end; or prune for the ledger
-- itself. A table where nothing has expired is done at once, at the cost of one look into the index.
create function public.retention_next_pass(name text, pass text, rows_left boolean, cutoff timestamp)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  policy record;
begin
  select * into strict policy from public.retention_policy() where table_name = name;
  if name = 'retention_runs' then
    return case pass when 'begin' then 'prune' else 'end' end;
  elsif pass = 'begin' and public.retention_oldest(name, cutoff) is not null then
    return case
      when policy.action = 'delete' and public.retention_scattered(name, policy.expires_column, cutoff)
        then 'blocks'
      else 'keys'
    end;
  elsif pass in ('blocks', 'keys') and rows_left then
    return 'last';
  elsif pass in ('begin', 'blocks', 'keys', 'last') and policy.max_age is not null then
    return 'age';
  elsif
    pass <> 'history' and name = 'messages'
    and (select k.history from public.retention_knobs() as k) is not null
  then
    return 'history';
  end if;
  return 'end';
end
$$;

revoke all on function public.retention_next_pass from public;
