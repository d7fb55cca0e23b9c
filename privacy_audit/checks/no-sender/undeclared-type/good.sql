-- The row type of a table comes with it, and so does its array.
alter table users alter column created_at set storage plain;
