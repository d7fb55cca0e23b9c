reindex index idx_deliveries_message;
