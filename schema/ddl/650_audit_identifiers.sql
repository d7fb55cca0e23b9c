set search_path = pg_catalog, pg_temp;

-- Per identifier that a client should have drawn at random: how many say when, in which order, or by whom.
-- timed: a UUID of version 1, 6 or 7, or a ULID of these years. digits: a number, so a counter or a
-- snowflake. phones: holds the destination's number, or any number written with a plus sign. short: under 16
-- characters. names: different ones; prefixes, suffixes: different first and last six characters. ascending:
-- later rows that sort after the row before.
create function public.audit_identifiers()
returns table (
  table_name text,
  column_name text,
  examined bigint,
  timed bigint,
  digits bigint,
  phones bigint,
  short bigint,
  names bigint,
  prefixes bigint,
  suffixes bigint,
  ascending bigint,
  whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  part record;
begin
  for part in
    select * from (
      values
        ('messages', 'message_id', 'r.destination_phone'),
        ('ephemeral_keys', 'key_exchange_id', 'r.destination_phone'),
        ('device_session_keys', 'session_key_id', '''+''')
    ) as listed (name, attribute, phone)
  loop
    return query execute pg_catalog.format(
      'with named as (
        select
          r.%2$I::text as name,
          substring(%3$s::text from 2) as own_number,
          pg_catalog.lag(r.%2$I::text) over (order by r.id) as before
        from %4$s as r
      )
      select
        %1$L, %2$L,
        pg_catalog.count(*),
        pg_catalog.count(*) filter (
          where name ~* ''^[0-9a-f]{8}-[0-9a-f]{4}-[167][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$''
          or name ~* ''^01[0-9a-hjkmnp-tv-z]{24}$''
        ),
        pg_catalog.count(*) filter (where name ~ ''^[0-9]+$''),
        pg_catalog.count(*) filter (
          where (own_number <> '''' and pg_catalog.strpos(name, own_number) > 0) or name ~ ''\+[1-9][0-9]{6,14}''
        ),
        pg_catalog.count(*) filter (where pg_catalog.octet_length(name) < 16),
        pg_catalog.count(distinct name),
        pg_catalog.count(distinct pg_catalog.left(name, 6)),
        pg_catalog.count(distinct pg_catalog.right(name, 6)),
        pg_catalog.count(*) filter (where name collate pg_catalog."C" > before collate pg_catalog."C"),
        %5$L::boolean
      from named',
      part.name, part.attribute, part.phone, public.audit_rows(part.name, 40),
      public.audit_whole(part.name, 256)
    );
  end loop;
end
$$;
revoke all on function public.audit_identifiers() from public;
grant execute on function public.audit_identifiers() to nosender_auditor;
