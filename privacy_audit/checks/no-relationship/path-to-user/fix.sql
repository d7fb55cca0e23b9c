alter table messages drop column author;
drop table threads;
