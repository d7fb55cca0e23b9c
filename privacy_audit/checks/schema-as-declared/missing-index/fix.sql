create unique index idx_messages_message_id on messages (message_id);
