-- A table that hangs on one person joins nobody.
create table preferences (user_id integer references users (id));
