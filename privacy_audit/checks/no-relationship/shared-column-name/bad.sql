-- finds: forum.posts.user_id
create schema forum;
create table forum.posts (user_id integer, title text);
