-- The declared default, set once more.
alter table messages alter column message_type set default 'text';
