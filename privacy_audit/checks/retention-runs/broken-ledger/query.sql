-- One row when the chain of retention_runs is broken anywhere. Recomputed here from the columns.
with texts as (
  select
    e.id,
    e.previous_hash,
    e.row_hash,
    pg_catalog.concat_ws(
      e'\n', 'nosender.retention_runs/' || coalesce(e.form, 1), 'id=' || e.id, 'run_id=' || e.run_id, 'phase=' || e.phase,
      'table_name=' || coalesce(e.table_name, ''), 'status=' || coalesce(e.status, ''),
      'error_class=' || coalesce(e.error_class, ''),
      'policy_hash=' || pg_catalog.encode(e.policy_hash, 'hex'),
      'cutoff=' || pg_catalog.to_char(e.cutoff, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'clock_before=' || pg_catalog.to_char(e.clock_before, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'clock_after=' || pg_catalog.to_char(e.clock_after, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'deleted=' || e.deleted, 'deactivated=' || e.deactivated, 'children=' || e.children,
      'batches=' || e.batches, 'blocked=' || e.blocked,
      'oldest_remaining='
      || coalesce(pg_catalog.to_char(e.oldest_remaining, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), ''),
      'anchor_id=' || coalesce(e.anchor_id::text, ''),
      'anchor_hash=' || coalesce(pg_catalog.encode(e.anchor_hash, 'hex'), ''),
      'file_number=' || coalesce(e.file_number::text, ''),
      'dropped_columns=' || coalesce(e.dropped_columns::text, ''),
      case when e.form > 1 then pg_catalog.concat_ws(
        e'\n', 'version=' || coalesce(e.version, ''), 'schema_name=' || coalesce(e.schema_name, ''),
        'node=' || coalesce(e.node, ''), 'settled=' || coalesce(e.settled::text, ''),
        'settled_until='
        || coalesce(pg_catalog.to_char(e.settled_until, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '')
      ) end,
      'previous_hash=' || pg_catalog.encode(e.previous_hash, 'hex'), ''
    ) as written
  from retention_runs as e
),

first_row as (
  select e.id, e.previous_hash
  from retention_runs as e
  order by e.id
  limit 1
)

select pg_catalog.current_schema() || '.retention_runs' as subject
where
  exists (
    select 1 from texts as t
    where t.row_hash <> pg_catalog.sha256(pg_catalog.convert_to(t.written, 'UTF8'))
  )
  or exists (
    -- Every row but the first follows the one with the number before.
    select 1
    from texts as t
    left join texts as b on b.id = t.id - 1
    where
      t.id > (select f.id from first_row as f)
      and (b.id is null or b.row_hash <> t.previous_hash)
  )
  or exists (
    -- The first is number 1, or follows what a later row says was taken off.
    select 1 from first_row as f
    where
      not (f.id = 1 and f.previous_hash = pg_catalog.sha256('nosender.retention_runs/1'))
      and not exists (
        select 1 from retention_runs as a
        where
          a.anchor_id = f.id - 1
          and a.anchor_hash = f.previous_hash
      )
  )
