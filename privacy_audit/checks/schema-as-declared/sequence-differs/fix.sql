alter sequence messages_id_seq increment by 1 no cycle;
