-- The default, said aloud.
alter table messages replica identity default;
