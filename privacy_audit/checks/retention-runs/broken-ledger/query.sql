-- One row when any row of the ledger has another hash than its text, or does not follow from the row before.
select pg_catalog.current_schema() || '.retention_runs' as subject
where
  exists (
    select 1
    from (
      select
        r.row_hash <> pg_catalog.sha256(pg_catalog.convert_to(retention_row_text(r), 'UTF8')) as edited,
        r.previous_hash <> pg_catalog.lag(r.row_hash) over (order by r.id) as moved
      from retention_runs as r
    ) as c
    where c.edited or c.moved
  )
