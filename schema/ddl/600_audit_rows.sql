set search_path = pg_catalog, pg_temp;

-- What a probe reads of a table, as the text of a FROM item: all of it up to 256 pages (2 MB), else some
-- pages chosen at random, the same ones in every run, and the 30 highest ids, where today's mistake may
-- be. So no probe costs more as a table grows: where it samples at most 120 pages for a column, with 40
-- pages at random (which vary by a dozen) and 8 values that are stored outside their rows. ONLY: a child
-- that somebody attached is not ours, and may be foreign. Each row has its place in the file, audit_place.
--
-- The probes below run with their owner's rights, whatever stands in the schema.
create function public.audit_rows(of_table text, random_pages integer) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  home regclass := pg_catalog.to_regclass(public.retention_place(of_table));
  pages bigint := pg_catalog.pg_relation_size(home) / pg_catalog.current_setting('block_size')::bigint;
begin
  if public.audit_whole(of_table, 256) then
    return pg_catalog.format('(select ctid as audit_place, * from only %s)', home);
  end if;
  return pg_catalog.format(
    case when exists (
      select
      from pg_catalog.pg_attribute as a
      where a.attrelid = home::oid and a.attname::text = 'id' and not a.attisdropped
    ) then
      '(
        with random_rows as materialized (
          select ctid as audit_place, * from only %1$s tablesample system (%2$s) repeatable (1)
        ),
        newest_rows as materialized (
          select ctid as audit_place, * from only %1$s order by id desc limit 30
        )
        select * from random_rows
        union all
        select * from newest_rows where audit_place not in (select audit_place from random_rows)
      )'
    else '(select ctid as audit_place, * from only %1$s tablesample system (%2$s) repeatable (1))'
    end,
    home,
    pg_catalog.round(100.0 * random_pages::numeric / pages::numeric, 6)
  );
end
$$;

revoke all on function public.audit_rows(text, integer) from public;
