truncate messages cascade;
