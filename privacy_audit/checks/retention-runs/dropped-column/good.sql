-- Dropped before there was a row.
alter table messages add column sender varchar(20);
alter table messages drop column sender;
