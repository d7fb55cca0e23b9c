-- Keys nowhere: whom one talks to has a kind beside it, and what somebody did not want to see any more is said.
-- finds: messages.sender_user_id
-- finds: messages.peer_id
-- finds: dialogs.user_id
-- finds: dialogs.peer_id
-- finds: hidden_ranges.hidden_for
-- finds: imports.user_id
-- finds: imports.imported_user_id
-- finds: phone_books.user_id
-- finds: phone_books.phone
create table users (id bigint primary key, username varchar(64) unique, phone varchar(32) unique);
create table messages (
    id bigint primary key, sender_user_id bigint not null, peer_type smallint not null, peer_id bigint not null, body text
);
create table dialogs (
    id bigint primary key, user_id bigint not null, peer_type smallint not null, peer_id bigint not null, pinned bigint
);
create table topics (id bigint primary key, name varchar(32) unique);
create table hidden_ranges (
    id bigint primary key, topic_id bigint references topics (id), hidden_for bigint not null, valid_for bigint
);
create table imports (
    id bigint primary key, user_id bigint not null, imported_user_id bigint not null, updated_user_id bigint
);
create table phone_books (id bigint primary key, user_id bigint not null, phone varchar(32), first_name varchar(64));
create table relays (id bigint primary key, url text, basic_auth_user varchar(64), message_id bigint);
