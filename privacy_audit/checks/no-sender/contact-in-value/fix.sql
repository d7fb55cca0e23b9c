delete from messages;
