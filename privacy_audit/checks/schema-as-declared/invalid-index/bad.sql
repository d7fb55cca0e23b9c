-- finds: public.idx_deliveries_message
-- As a concurrent build leaves it that was broken off.
update pg_index
set indisvalid = false
where indexrelid = 'idx_deliveries_message'::regclass;
