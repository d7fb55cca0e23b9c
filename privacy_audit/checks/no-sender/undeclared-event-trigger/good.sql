-- A trigger on a table is not a trigger on changes of the schema.
create table elsewhere (id integer);
