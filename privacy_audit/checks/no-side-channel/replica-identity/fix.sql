alter table messages replica identity default;
