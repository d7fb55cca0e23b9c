-- The same in random order.
begin;
insert into messages (id, destination_phone, encrypted_content, message_id)
select
  ((now()::date - date '2020-01-01')::bigint << 39) + (random() * 1000)::bigint + numbers.n * 1000003,
  '+15550100001',
  decode(repeat('ab', 40), 'hex'),
  gen_random_uuid()::text
from (select n from generate_series(1, 200) as n) as numbers
order by gen_random_uuid();
select
  retention_append(
    jsonb_populate_record(
      null::retention_runs,
      jsonb_build_object(
        'run_id', gen_random_uuid(), 'phase', 'settled', 'table_name', 'messages', 'status', 'done',
        'policy_hash', retention_policy_hash(), 'cutoff', now()::timestamp, 'clock_before', now()::timestamp,
        'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 1, 'blocked', 0, 'settled', 200,
        'settled_until', date_trunc('hour', now()::timestamp)
      )
    )
  );
commit;
