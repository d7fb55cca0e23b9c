-- A table like ours is not a child of ours.
create schema elsewhere;
create table elsewhere.messages (like public.users);
