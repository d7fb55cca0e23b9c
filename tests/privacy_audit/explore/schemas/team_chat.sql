-- A team chat without foreign keys and without marks in its names, as many have it; times in milliseconds.
-- finds: posts.userid
-- finds: channelmembers.userid
-- finds: reactions.userid
create table users (
    id varchar(36) primary key, username varchar(64) unique, email varchar(128) unique, createat bigint
);
create table channels (id varchar(36) primary key, displayname varchar(64), createat bigint);
create table channelmembers (
    channelid varchar(36), userid varchar(36), lastviewedat bigint, primary key (channelid, userid)
);
create table posts (
    id varchar(36) primary key, createat bigint, userid varchar(36), channelid varchar(36), message text
);
create index on posts using gin (to_tsvector('english', message));
create table reactions (userid varchar(36), postid varchar(36), emoji text, primary key (postid, userid));
create table sessions (id varchar(36) primary key, token varchar(36), userid varchar(36), ip varchar(64));
create table preferences (userid varchar(36), name text, value text, primary key (userid, name));
-- rows
insert into users
select 'u' || md5('u' || i), 'name' || i, 'm' || i || '@mail.test', 1700000000123 + i
from generate_series(1, 60) as i;
insert into channels
select 'c' || md5('c' || i), 'Channel ' || i, 1700000000123 + i from generate_series(1, 12) as i;
insert into channelmembers
select 'c' || md5('c' || (1 + i % 12)), 'u' || md5('u' || (1 + i % 60)), 1700000000123 + i
from generate_series(1, 300) as i on conflict do nothing;
insert into posts
select
    'p' || md5('p' || i), 1700000000123 + i * 977, 'u' || md5('u' || (1 + i * 7 % 60)),
    'c' || md5('c' || (1 + i % 12)), 'see you at the station ' || i
from generate_series(1, 400) as i;
insert into reactions
select 'u' || md5('u' || (1 + i * 11 % 60)), 'p' || md5('p' || i), 'smile' from generate_series(1, 200) as i;
insert into sessions
select 's' || md5('s' || i), 't' || md5('t' || i), 'u' || md5('u' || (1 + i % 60)), '10.0.0.' || (i % 250)
from generate_series(1, 100) as i;
