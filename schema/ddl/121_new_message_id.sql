set search_path = pg_catalog, pg_temp;

-- The default of messages.id: the day, counted from 2020, and 39 random bits below it. 53 bits in all, so
-- that no reader of JSON loses a digit, until 2064. Numbers of a sequence would keep the order of
-- insertion, and that tells who answers whom; the day stands in the row anyway, and keeps the index
-- together. The bits come from the server's strong generator: the state of random() can be computed from
-- a few of its numbers. Hashed, all that is random in the UUID counts, and the bits that never change do
-- not.  It looks first and draws again where a row has the number, without an exception block: that would
-- take a transaction number of its own. SECURITY DEFINER: it must see every row, whoever writes.
create function public.new_message_id() returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off  -- a plan made while the table was small stays when it is large
as $$
declare
  drawn bigint;
begin
  loop
    drawn :=
      (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
      | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887);
    perform 1 from public.messages where id = drawn;
    exit when not found;
  end loop;
  return drawn;
end
$$;
revoke all on function public.new_message_id() from public;

alter table public.messages alter column id set default public.new_message_id();
