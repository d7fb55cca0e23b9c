-- To the owner of the tables.
alter schema public owner to current_user;
