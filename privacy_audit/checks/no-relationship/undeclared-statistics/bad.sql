-- finds: public.pairs
create statistics pairs (mcv) on destination_phone, message_type from messages;
