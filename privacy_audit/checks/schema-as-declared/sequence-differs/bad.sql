-- finds: public.messages_id_seq
alter sequence messages_id_seq increment by 2 cycle;
