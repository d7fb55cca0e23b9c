-- finds: public.idx_messages_message_id
drop index idx_messages_message_id;
