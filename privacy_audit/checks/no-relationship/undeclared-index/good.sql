-- A declared index, built anew.
reindex index idx_deliveries_message;
