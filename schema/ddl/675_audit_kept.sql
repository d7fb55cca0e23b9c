set search_path = pg_catalog, pg_temp;

-- Messages that no delivery waits for and that are older than `history` of retention_knobs and the grace
-- allow: of the first 10,000 of the table at most a thousand are counted, and `seconds` is how far the oldest
-- is past its age. No row where history is off.
create function public.audit_kept(grace interval) returns table (kept bigint, seconds bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC'
as $$
declare
  history constant interval := (select k.history from public.retention_knobs() as k);
begin
  if history is null then
    return;
  end if;
  return query execute public.audit_text(
    $kept$
      select
        pg_catalog.count(*) as kept,
        coalesce(extract(
          epoch from (pg_catalog.now() at time zone 'utc') - pg_catalog.min(late.since)
        )::bigint, 0::bigint) as seconds
      from (
        select r.created_at + {history}::interval as since
        from (select * from only {messages} limit 10000) as r
        where
          r.created_at + {history}::interval < (pg_catalog.now() at time zone 'utc') - {grace}::interval
          and not exists (
            select 1 from only {deliveries} as d
            where d.message_id = r.id and d.delivery_status::text <> 'delivered'
          )
        limit 1000
      ) as late
    $kept$,
    pg_catalog.jsonb_build_object(
      'history', pg_catalog.quote_literal(history),
      'grace', pg_catalog.quote_literal(grace),
      'messages', 'public.messages'::regclass,
      'deliveries', 'public.message_deliveries'::regclass
    )
  );
end
$$;

revoke all on function public.audit_kept(interval) from public;
grant execute on function public.audit_kept(interval) to nosender_auditor;
