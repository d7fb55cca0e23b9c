-- How a value is stored does not change what it can be.
alter table messages alter column message_type set storage plain;
