-- Said twice, it is said.
alter table ephemeral_keys alter column used set not null;
