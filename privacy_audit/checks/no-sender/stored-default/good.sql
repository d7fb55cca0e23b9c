-- A state of a few fixed values, added later: its default says nothing about anybody.
alter table messages drop column message_type;
alter table messages add column message_type varchar(20) not null default 'text';
