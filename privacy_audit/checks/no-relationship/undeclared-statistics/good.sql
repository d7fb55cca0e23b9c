-- Plain statistics of a column that says nothing about anybody.
alter table messages alter column message_type set statistics 10;
