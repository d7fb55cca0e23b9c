-- What sweeps and settles parts, on a database that has none any more.
drop function public.retention_settle_part(text, timestamp, xid[], xid[], boolean, bigint);
drop function public.retention_settle_rows(text, timestamp, xid[], xid[], bigint);
drop function public.retention_part_unsettled(text, timestamp, xid[], xid[]);
drop function public.retention_part_settled(jsonb, text, text, timestamp, text, bigint, bigint, bigint);
drop function public.retention_settling_tables();
drop function public.retention_part_targets(text, text);
drop function public.retention_part_swept(jsonb, text, text, text, text, timestamp);
drop function public.retention_part_step(jsonb);
drop function public.retention_part_overdue(integer);
drop function public.retention_node();
drop function public.retention_take(text, text);
drop function public.retention_parts(text);
