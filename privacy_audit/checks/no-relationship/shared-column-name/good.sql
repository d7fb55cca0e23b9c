-- The same word for another kind of thing.
create schema forum;
create table forum.posts (user_id uuid, title text);
