-- A column that is there, whatever one thinks of it.
alter table messages add column remark text;
