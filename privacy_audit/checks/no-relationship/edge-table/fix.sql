drop table contacts;
alter table users drop column invited_by;
