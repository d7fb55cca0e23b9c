alter table messages drop column origin;
