-- A message in parts that share one key, held by a table of no name that tells; contacts that somebody keeps.
-- finds: posts.writer_id
-- finds: post_tags.person_id
-- finds: seen_marks.uid
-- finds: contacts.uid
-- finds: managers.uid
-- finds: managers.mid
-- finds: overrides.moderator_id
create table users (uid integer primary key, nickname varchar(64), email varchar(255));
create table uris (id bigint primary key, uri text unique);
create table contacts (
    id bigint primary key, uid integer not null references users (uid), name varchar(64), addr varchar(255)
);
create table posts (
    uri_id bigint primary key references uris (id), writer_id bigint not null references contacts (id), body text
);
create table post_bodies (uri_id bigint primary key references uris (id), title text, body text);
create table post_tags (
    uri_id bigint not null references uris (id), tag_id bigint not null, person_id bigint not null references contacts (id),
    primary key (uri_id, tag_id, person_id)
);
create table seen_marks (
    uri_id bigint not null references uris (id), uid integer not null references users (uid), primary key (uri_id, uid)
);
create table managers (
    id bigint primary key, uid integer not null references users (uid), mid integer not null references users (uid),
    unique (uid, mid)
);
create table threads (id varchar(36) primary key, created_at timestamp);
create table overrides (
    moderator_id varchar(20), thread_id varchar(36), role_id varchar(20), primary key (moderator_id, thread_id)
);
create table channels (
    id varchar(36) primary key, parent_channel_id varchar(36), name text, created_by varchar(36), updated_by varchar(36)
);
