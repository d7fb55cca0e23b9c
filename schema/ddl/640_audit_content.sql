set search_path = pg_catalog, pg_temp;

-- Per column of bytes or text: how many values look like something that should not be there. Of bytes the
-- first 128 are looked at; of values that are stored outside the row, which cost four pages each, the 1,000
-- newest where the table is read whole, and else the 8 newest.
--
-- printable: nine tenths of the bytes are printable ASCII, as in text, JSON, base64 or hex.
-- uniform: fewer than 0.65 of the different byte values that as many random bytes would show.
-- structured: starts like a picture, an archive or another file format. zlib: starts like a zlib stream.
-- contacts: holds a phone number, an e-mail or an IP address.
-- repeated: further rows with the same 64 first bytes; repeated_nonce: with the same 12; repeated_prefix: 4.
create function public.audit_content()
returns table (
  table_name text, column_name text, examined bigint, printable bigint, uniform bigint, structured bigint,
  zlib bigint, contacts bigint, repeated bigint, repeated_nonce bigint, repeated_prefix bigint,
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
  contact constant text :=
    '\+[1-9][0-9]{6,14}|[[:alnum:]._%+-]{2,}@[[:alnum:]-]{2,}\.[[:alpha:]]{2,}|[0-9]{1,3}(\.[0-9]{1,3}){3}';
begin
  for part in
    select
      ours.name,
      a.attname,
      t.typname::text = 'bytea' as bytes
    from (
      values
        ('users'), ('webauthn_credentials'), ('messages'), ('device_session_keys'), ('message_deliveries'),
        ('ephemeral_keys'), ('messaging_public_keys')
    ) as ours (name)
    inner join pg_catalog.pg_attribute as a
      on a.attrelid = pg_catalog.to_regclass('public.' || pg_catalog.quote_ident(ours.name))
    inner join pg_catalog.pg_type as t on t.oid = a.atttypid
    where
      a.attnum > 0
      and not a.attisdropped
      and a.attgenerated <> 'v'::"char"
      and t.typname::text in ('bytea', 'text', 'varchar', 'bpchar', 'json', 'jsonb', 'xml', '_text', 'inet')
      and t.oid < 16384::oid
      and a.attname::text not in ('destination_phone', 'phone_number')
    order by ours.name, a.attnum
  loop
    if part.bytes then
      return query execute pg_catalog.format(
        'with stored as (
          select
            r.%1$I as content,
            pg_catalog.pg_column_size(r.%1$I) > 2000 as outside,
            pg_catalog.row_number() over (
              partition by pg_catalog.pg_column_size(r.%1$I) > 2000 order by r.id desc
            ) as place
          from %2$s as r
          where r.%1$I is not null
        ),
        -- Materialized, or the slice would be fetched again for each of its bytes.
        heads as materialized (
          select substring(content from 1 for 128) as head
          from stored
          where place <= %6$s or not outside
        ),
        measured as (
          select head, b.*
          from heads
          cross join lateral (
            select
              pg_catalog.count(*) as bytes,
              pg_catalog.count(distinct octet) as different,
              pg_catalog.count(*) filter (where octet between 32 and 126 or octet in (9, 10, 13)) as plain
            from (
              select pg_catalog.get_byte(head, i) as octet
              from pg_catalog.generate_series(0, pg_catalog.octet_length(head) - 1) as i
            ) as octets
          ) as b
        )
        select
          %3$L, %1$L,
          pg_catalog.count(*),
          pg_catalog.count(*) filter (where bytes >= 8 and plain * 10 >= bytes * 9),
          pg_catalog.count(*) filter (
            where bytes >= 16 and different::float8
            < 0.65::float8 * 256::float8
            * (1::float8 - pg_catalog.power(1::float8 - 1::float8 / 256::float8, bytes::float8))
          ),
          pg_catalog.count(*) filter (
            where substring(head from 1 for 3) in (''\x1f8b08'', ''\xffd8ff'', ''\x474946'')
            or substring(head from 1 for 4) in (
              ''\x504b0304'', ''\x89504e47'', ''\x25504446'', ''\x4f676753'', ''\x52494646'', ''\x28b52ffd''
            )
          ),
          pg_catalog.count(*) filter (
            where substring(head from 1 for 2) in (''\x7801'', ''\x785e'', ''\x789c'', ''\x78da'')
          ),
          pg_catalog.count(*) filter (where pg_catalog.encode(head, ''escape'') ~ %4$L),
          pg_catalog.count(*) - pg_catalog.count(distinct substring(head from 1 for 64)),
          pg_catalog.count(*) - pg_catalog.count(distinct substring(head from 1 for 12)),
          pg_catalog.count(*) - pg_catalog.count(distinct substring(head from 1 for 4)),
          %5$L::boolean and pg_catalog.count(*) = (select pg_catalog.count(*) from stored)
        from measured',
        part.attname, public.audit_rows(part.name, 40), part.name, contact, public.audit_whole(part.name, 256),
        case when public.audit_whole(part.name, 256) then 1000 else 8 end
      );
    else
      return query execute pg_catalog.format(
        'select
          %3$L, %1$L,
          pg_catalog.count(*),
          0::bigint, 0::bigint, 0::bigint, 0::bigint,
          pg_catalog.count(*) filter (where pg_catalog.left(r.%1$I::text, 1000) ~ %4$L),
          0::bigint, 0::bigint, 0::bigint,
          %5$L::boolean
        from %2$s as r
        where r.%1$I is not null',
        part.attname, public.audit_rows(part.name, 40), part.name, contact, public.audit_whole(part.name, 256)
      );
    end if;
  end loop;
end
$$;
revoke all on function public.audit_content() from public;
grant execute on function public.audit_content() to nosender_auditor;
