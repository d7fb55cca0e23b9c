-- To the same owner.
alter table users owner to current_user;
