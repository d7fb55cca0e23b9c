-- A declared index on a slower disk is still there.
alter index idx_messages_message_id set (fillfactor = 80);
