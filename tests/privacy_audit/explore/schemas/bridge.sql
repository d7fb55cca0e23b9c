-- A bridge: each instance is somebody's account elsewhere, and all rows are of one.
-- finds: chats.instance_id
-- finds: chats.remote_jid
-- finds: sessions.instance_id
-- finds: sessions.remote_jid
create table instances (id text primary key, name varchar(255) unique, owner_jid varchar(100), profile_name varchar(100));
create table chats (
    id text primary key, remote_jid varchar(100) not null, instance_id text not null references instances (id)
);
create table sessions (
    id text primary key, remote_jid varchar(100) not null, instance_id text not null references instances (id)
);
create table media (
    id text primary key, message_id text not null, instance_id text not null references instances (id)
);
create table hooks (id text primary key, url text, instance_id text not null references instances (id));
create table labels (id text primary key, color text, instance_id text not null references instances (id));
