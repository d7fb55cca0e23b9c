-- Made again, the same.
drop index idx_messages_message_id;
create unique index idx_messages_message_id on messages using btree (message_id asc);
