-- A replica identity alone sends nothing.
alter table messages replica identity default;
