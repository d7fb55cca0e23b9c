-- How many it takes at a time for a session.
alter sequence messages_id_seq cache 50;
